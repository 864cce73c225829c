/** Writes complete files, by atomic rename. */
import { existsSync, fsyncSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { lstatIfThere, removeFile } from '../../sys/if-there.js';
import { inNewFolder } from '../../sys/make-folder.js';
import { withFile, writeAll } from '../../sys/open-file.js';
import { withChecksum } from './checksummed-json.js';
import type { Scratch } from './scratch-folder.js';

/** How a file reaches its final name. */
type Placing =
  /** Readers see the old or the new content, nothing else. */
  | 'atomic'
  /** Like `atomic`, and on disk before it gets its name. */
  | 'durable'
  /**
   * Readers see the old file, the new one, or none: for files that only save time. ext4 flushes a
   * file that replaces another by rename, which takes ten times as long. It does not flush a file
   * renamed to a free name.
   */
  | 'expendable';

export function writeChecksummed(
  file: string,
  body: unknown,
  scratch: Scratch,
  placing: Placing,
): void {
  writeWhole(file, [Buffer.from(withChecksum(body))], scratch, placing);
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
    // Only the owner trusts files that only save time, so only the owner may write to them.
    const mode = placing === 'expendable' ? 0o644 : 0o666;
    const fill = (handle: number) => {
      for (const part of parts) writeAll(handle, part);
      if (placing === 'durable') fsyncSync(handle);
    };
    withFile(draft, 'wx', fill, mode);
    // At first there is none, and Node takes long to make an error.
    if (placing === 'expendable' && lstatIfThere(file) !== undefined) removeFile(file);
    renameInto(draft, file);
  } catch (error) {
    removeFile(draft);
    throw error;
  }
}

/** Renames into a folder that may not exist yet. */
export function renameInto(draft: string, file: string): void {
  inNewFolder(path.dirname(file), () => renameSync(draft, file));
}

/** For a file that only this process uses. */
export async function writeIfAbsent(
  file: string,
  text: () => string | Promise<string>,
): Promise<void> {
  if (!existsSync(file)) writeFileSync(file, await text());
}
