/** Writing that goes on until all of it is written. */
import { writeSync } from 'node:fs';

export function writeAll(handle: number, bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) at += writeSync(handle, bytes, at, bytes.length - at);
}
