/** Creates folders that do not exist yet, with those above them. */
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/** Node reports ENOENT for a folder on a read-only file system; a single mkdir gives the system's reason. */
export function makeFolder(folder: string, mode = 0o777): void {
  try {
    mkdirSync(folder, { recursive: true, mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    let top = folder;
    while (!existsSync(path.dirname(top))) top = path.dirname(top);
    mkdirSync(top, { mode });
    mkdirSync(folder, { recursive: true, mode });
  }
}

/** Acts in a folder, and creates the folder first if it does not exist. */
export function inNewFolder<T>(folder: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    makeFolder(folder);
    return act();
  }
}
