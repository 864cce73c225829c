/** Creates folders that do not exist yet, with those above them. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { statIfThere } from './if-there.js';

/**
 * Node's own way with `recursive: true` never returns where a folder exists, but nothing can be
 * created in it, such as `/proc` (Node 20), and hides the system's reason on a read-only disk.
 *
 * @throws the system's error for the first folder that cannot be created
 */
export function makeFolder(folder: string, mode = 0o777): void {
  if (statIfThere(folder)?.isDirectory()) return;
  try {
    makeOne(folder, mode);
  } catch (error) {
    const above = path.dirname(folder);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === folder) throw error;
    makeFolder(above, mode);
    makeOne(folder, mode);
  }
}

/** Another process may create it at the same time. */
function makeOne(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    if (statIfThere(folder)?.isDirectory() !== true) throw error;
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
