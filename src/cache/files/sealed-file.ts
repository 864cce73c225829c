/** Sealed files are written aside and renamed into place: whole or not there. */
import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Scratch } from './scratch.js';
import { seal } from './sealed.js';
import { renameInto, writeAll } from './write.js';

/** How a file takes its place. */
export type Placing =
  /** Old or new, nothing else. */
  | 'atomic'
  /** And on the disk before it has its name. */
  | 'durable'
  /**
   * Old, new, or none: for what only saves time. ext4 writes a file out at once that replaces
   * another by rename, which takes ten times as long; one that takes an empty place it does not.
   */
  | 'expendable';

export function writeSealed(file: string, body: unknown, scratch: Scratch, placing: Placing): void {
  writeWhole(file, [Buffer.from(seal(body))], scratch, placing);
}

export function writeWhole(
  file: string,
  parts: readonly Uint8Array[],
  scratch: Scratch,
  placing: Placing,
): void {
  scratch.fence.check(path.dirname(file));
  const draft = scratch.file();
  try {
    // What only saves time is believed by its owner alone: nobody else may write to it.
    const handle = openSync(draft, 'wx', placing === 'expendable' ? 0o644 : 0o666);
    try {
      for (const part of parts) writeAll(handle, part);
      if (placing === 'durable') fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    if (placing === 'expendable') rmSync(file, { force: true });
    renameInto(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
