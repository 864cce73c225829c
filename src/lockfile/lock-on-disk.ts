/** Reads and writes pipeline.lock: reports its errors; writes it completely or not at all. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { UserError, userError } from '../error.js';
import { oncePer } from '../lists.js';
import { unless } from '../sys/if-there.js';
import { realPath } from '../sys/real-place.js';
import { replaceFile } from '../sys/replace-file.js';
import { parseLock } from './format/parse-lock.js';
import {
  type LockedProject,
  type LockFile,
  type LockSection,
  lockNameOf,
  lockText,
  sectionOf,
} from './format/sections.js';

/**
 * Undefined if the file does not exist.
 *
 * @throws UserError for a merge conflict, an edit, another format
 */
export function readLockFile(project: LockedProject): LockFile | undefined {
  const name = lockNameOf(project);
  const text = readText(path.join(project.root, name), name);
  return text === undefined ? undefined : parseLock(text, name);
}

/**
 * Every section of the file as this command found it: what the command itself records is in the cache.
 *
 * @throws UserError for a merge conflict, an edit, another format
 */
export const foundLock = oncePer(
  (project: LockedProject): LockFile => readLockFile(project) ?? new Map(),
);

/**
 * The same, without sections if the file is broken: the run reports that itself, before its first item or
 * when it writes the file.
 */
export function soundLock(project: LockedProject): LockFile {
  try {
    return foundLock(project);
  } catch (error) {
    if (error instanceof UserError) return new Map();
    throw error;
  }
}

/** The found blocks of the project's variant; undefined without any, and always with `--set`. */
export function lockedItems(
  project: LockedProject & { readonly variant: Parameters<typeof sectionOf>[0] },
  read = foundLock,
): LockSection | undefined {
  const name = sectionOf(project.variant);
  return name === undefined ? undefined : read(project).get(name);
}

/** Does not write unchanged text. */
export function writeLockFile(project: LockedProject, file: LockFile): void {
  const text = lockText(file);
  const name = lockNameOf(project);
  const place = path.join(project.root, name);
  const target = unless(['ENOENT'], () => realPath(place)) ?? place;
  if (readText(target, name) === text) return;
  replaceFile(target, [Buffer.from(text)]);
}

/** Never waits for the writer of a pipe. */
function readText(file: string, name: string): string | undefined {
  try {
    if (statSync(file).isFile()) return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code !== 'ELOOP') throw error;
  }
  throw userError(
    'lock-not-a-file',
    `${name} is not a file`,
    'move it away: the next run writes the file',
  );
}
