/** Durability: fsync of files, then of their folders, so that they survive a power failure. */
import { close, fsync, open } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { isAbsent } from './file-errors.js';

/**
 * A result that took at least this many seconds is on disk before it is recorded. The system writes
 * back a shorter one within half a minute, so a power failure loses no more than that half minute
 * of work.
 */
export const DURABLE_SECONDS = 2;

/** Above this number, one `sync` of the file system is cheaper than an fsync for each file. */
const MANY = 64;

const openFile = promisify(open);
const syncFile = promisify(fsync);
const closeFile = promisify(close);

/** Syncs files and the folders that they were renamed into. Skips files that disappeared meanwhile. */
export async function makeDurable(files: readonly string[], home: string): Promise<void> {
  if (files.length > MANY && (await syncFileSystem(home))) return;
  const folders = new Set(files.map((file) => path.dirname(file)));
  for (const folder of [...folders]) folders.add(path.dirname(folder));
  for (const file of files) await syncOne(file);
  for (const folder of folders) await syncOne(folder);
}

export async function syncOne(file: string): Promise<void> {
  let handle: number;
  try {
    handle = await openFile(file, 'r');
  } catch (error) {
    if (isAbsent(error)) return;
    throw error;
  }
  try {
    await syncFile(handle);
  } finally {
    await closeFile(handle);
  }
}

/** False if the command or option does not exist. */
async function syncFileSystem(home: string): Promise<boolean> {
  // Lazy import: it loads the network modules, which a no-op run does not need.
  const { execFile } = await import('node:child_process');
  try {
    await promisify(execFile)('sync', ['-f', home]);
    return true;
  } catch {
    return false;
  }
}
