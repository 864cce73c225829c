/** What must outlive a power failure: files, then their folders, are on the disk when this returns. */
import { close, fsync, open } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { isAbsent } from './errors.js';

/**
 * A result that took this long is on the disk before it is recorded. What took less is written back
 * by the system within half a minute: losing it costs no more than that half minute of work.
 */
export const DURABLE_SECONDS = 2;

/** Beyond this one `sync` of the file system is cheaper than one for each file. */
const MANY = 64;

const openFile = promisify(open);
const syncFile = promisify(fsync);
const closeFile = promisify(close);

/** Syncs files and the folders that they were renamed into. What is gone meanwhile needs no sync. */
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

/** False where there is no such command or option. */
async function syncFileSystem(home: string): Promise<boolean> {
  // Loaded here, since it brings the network along, which no run with nothing to do needs.
  const { execFile } = await import('node:child_process');
  try {
    await promisify(execFile)('sync', ['-f', home]);
    return true;
  } catch {
    return false;
  }
}
