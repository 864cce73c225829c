/** Sealed files are written aside and renamed into place: whole or not there. */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { codeOf } from './errors.js';
import { writeAll } from './objects.js';
import type { Scratch } from './scratch.js';
import { seal } from './sealed.js';

/** With `durable` its bytes are on the disk before it has its name. */
export function writeSealed(file: string, body: unknown, scratch: Scratch, durable = false): void {
  writeWhole(file, [Buffer.from(seal(body))], scratch, durable);
}

export function writeWhole(
  file: string,
  parts: readonly Uint8Array[],
  scratch: Scratch,
  durable = false,
): void {
  const draft = scratch.file();
  try {
    const handle = openSync(draft, 'wx');
    try {
      for (const part of parts) writeAll(handle, part);
      if (durable) fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameInto(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function renameInto(draft: string, file: string): void {
  try {
    renameSync(draft, file);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    mkdirSync(path.dirname(file), { recursive: true });
    renameSync(draft, file);
  }
}
