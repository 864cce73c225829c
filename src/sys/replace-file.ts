/** Replaces a file as a whole. */
import { randomUUID } from 'node:crypto';
import { renameSync } from 'node:fs';
import { removeFile } from './if-there.js';
import { withFile, writeAll } from './open-file.js';

/**
 * A name next to the file that no other process has: processes of two containers or machines that
 * share the folder may have the same pid. No other user can guess it, and create a link there.
 */
export function draftOf(file: string): string {
  return `${file}~${randomUUID()}`;
}

/** Readers see the old content or all parts, nothing else. */
export function replaceFile(file: string, parts: Iterable<Uint8Array>): void {
  const draft = draftOf(file);
  try {
    withFile(draft, 'wx', (handle) => {
      for (const part of parts) writeAll(handle, part);
    });
    renameSync(draft, file);
  } catch (error) {
    removeFile(draft);
    throw error;
  }
}
