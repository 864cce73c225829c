/** Finds the first byte in which two files differ, without loading either into memory. */
import { fstatSync } from 'node:fs';
import { readFully, withFile } from '../sys/open-file.js';
import type { BytesDifference } from './difference.js';

const CHUNK = 1 << 20;

/** Undefined if they are equal. */
export function compareBytes(expected: string, actual: string): BytesDifference | undefined {
  return withFile(expected, 'r', (a) => withFile(actual, 'r', (b) => compareOpen(a, b)));
}

function compareOpen(a: number, b: number): BytesDifference | undefined {
  const sizes = [fstatSync(a).size, fstatSync(b).size] as const;
  const [left, right] = [Buffer.alloc(CHUNK), Buffer.alloc(CHUNK)];
  let lines = 0;
  let isText = true;
  for (let start = 0; ; start += CHUNK) {
    const x = left.subarray(0, readFully(a, left));
    const y = right.subarray(0, readFully(b, right));
    const at = firstDifference(x, y);
    isText &&= !x.subarray(0, at).includes(0) && !y.subarray(0, at ?? y.length).includes(0);
    lines += count(x.subarray(0, at));
    if (at !== undefined) {
      const values = { offset: start + at, expected: x[at], actual: y[at], sizes };
      return { kind: 'bytes', ...values, ...(isText ? { line: lines + 1 } : {}) };
    }
    if (x.length < CHUNK) return undefined;
  }
}

function firstDifference(a: Buffer, b: Buffer): number | undefined {
  if (a.equals(b)) return undefined;
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at++) if (a[at] !== b[at]) return at;
  return shorter;
}

function count(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
  return lines;
}
