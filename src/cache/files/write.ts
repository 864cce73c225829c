/** Writes all of a buffer, and renames into a folder that may not exist yet. */
import { existsSync, mkdirSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { codeOf } from './file-errors.js';

export function writeAll(handle: number, bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) at += writeSync(handle, bytes, at, bytes.length - at);
}

/** For a file that only this process uses. */
export async function writeIfAbsent(
  file: string,
  text: () => string | Promise<string>,
): Promise<void> {
  if (!existsSync(file)) writeFileSync(file, await text());
}

export function renameInto(draft: string, file: string): void {
  try {
    renameSync(draft, file);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    mkdirSync(path.dirname(file), { recursive: true });
    renameSync(draft, file);
  }
}
