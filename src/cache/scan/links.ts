/** Symbolic links: as themselves, and where they lead. */
import { hash } from 'node:crypto';
import { readlinkSync, realpathSync } from 'node:fs';
import { codeOf, isAbsent } from '../files/errors.js';
import type { Scan } from './rows.js';

/** The link itself. */
export function linkScan(absolute: string, keep?: (target: string) => void): Scan {
  const target = readlinkSync(absolute);
  keep?.(target);
  return { digest: `l:${hash('sha256', target)}`, size: Buffer.byteLength(target), files: 1 };
}

/** Undefined for a link that leads nowhere or in a circle. */
export function realpathIfThere(absolute: string): string | undefined {
  try {
    return realpathSync(absolute);
  } catch (error) {
    if (isAbsent(error) || codeOf(error) === 'ELOOP') return undefined;
    throw error;
  }
}

export function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith('/') ? outer : `${outer}/`);
}
