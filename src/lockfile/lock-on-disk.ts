/** Reads and writes pipeline.lock: reports its errors; writes it completely or not at all. */
import { readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { userError } from '../error.js';
import { parseLock } from './format/parse-lock.js';
import { LOCK_FILE, type LockFile, lockText } from './format/sections.js';

/**
 * Undefined when the file does not exist.
 *
 * @throws UserError for a merge conflict, an edit, another format
 */
export function readLockFile(root: string): LockFile | undefined {
  const text = readText(path.join(root, LOCK_FILE));
  return text === undefined ? undefined : parseLock(text);
}

/** Does not write unchanged text. */
export function writeLockFile(root: string, file: LockFile): void {
  const text = lockText(file);
  const target = behindLink(path.join(root, LOCK_FILE));
  if (readText(target) === text) return;
  const draft = `${target}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, text);
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function behindLink(file: string): string {
  try {
    return realpathSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return file;
    throw error;
  }
}

/** Never waits for the writer of a pipe. */
function readText(file: string): string | undefined {
  try {
    if (statSync(file).isFile()) return readFileSync(file, 'utf8');
    throw userError(
      'lock-not-a-file',
      `${LOCK_FILE} is not a file`,
      'move it out of the way: the next run writes it',
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
