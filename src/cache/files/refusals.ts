/** Messages for files that cannot be read or stored: bad names, special files, missing permissions. */
import { readdirSync, type Stats } from 'node:fs';
import { lstatIfThere } from '../../sys/if-there.js';
import { TOO_MANY_WAYS } from '../../sys/revisits.js';
import { codeOf, isChangedKind, type UnusableFile, unusable } from './file-errors.js';
import type { Cooperative } from './yielding.js';

/**
 * Names must be valid UTF-8: pipeline.yaml cannot contain other names, and a restore could not
 * write them.
 */
export function listNames(absolute: string, shown: string): string[] {
  let names: string[];
  try {
    names = readdirSync(absolute);
  } catch (error) {
    throw explained(error, shown);
  }
  if (names.some(isDamaged)) refuseBadNames(absolute, shown);
  return names;
}

/** True when the name may stand for bytes that are not UTF-8. */
export function isDamaged(name: string): boolean {
  return name.includes('\uFFFD');
}

/** @throws UnusableFile for the first name that is not UTF-8 */
export function refuseBadNames(absolute: string, shown: string): void {
  for (const name of readdirSync(absolute, { encoding: 'buffer' })) {
    if (Buffer.from(name.toString('utf8')).equals(name)) continue;
    const text = name
      .toString('latin1')
      .replace(/[^\x20-\x7e]/g, (each) => `\\x${each.charCodeAt(0).toString(16)}`);
    throw unusable(`${shown}/${text}`, 'has a name that is not valid UTF-8', 'rename it');
  }
}

export function* readable<T>(work: Cooperative<T>, shown: string): Cooperative<T> {
  try {
    return yield* work;
  } catch (error) {
    throw explained(error, shown);
  }
}

/** How often a path may change during a walk before the walk gives up. */
const MOST_WALKS = 20;

/**
 * Starts a walk again if an entry that it has just seen is gone, or of another kind, when it reads
 * the entry.
 */
export function* untilStill<T>(shown: string, walk: () => Cooperative<T>): Cooperative<T> {
  for (let walks = 1; walks < MOST_WALKS; walks++) {
    try {
      return yield* walk();
    } catch (error) {
      if (!isChangedKind(error)) throw error;
    }
    yield undefined;
  }
  throw unusable(shown, 'changes while it is read', 'run again when no other process writes to it');
}

/** Undefined when nothing is there. */
export function lookAt(absolute: string, shown: string): Stats | undefined {
  try {
    return lstatIfThere(absolute);
  } catch (error) {
    throw explained(error, shown);
  }
}

/** Explains what the user can fix; returns other system errors unchanged. */
export function explained(error: unknown, shown: string): unknown {
  const code = codeOf(error);
  if (code === 'ENAMETOOLONG')
    return unusable(shown, 'has a path that is too long for the system', 'shorten its names');
  if (code !== 'EACCES' && code !== 'EPERM') return error;
  return unusable(
    shown,
    `cannot be read (${code})`,
    'change its permissions, or exclude it from the dep',
  );
}

/** For a walk that `Revisits` stops. */
export function linkMaze(shown: string): UnusableFile {
  return unusable(
    shown,
    TOO_MANY_WAYS,
    'exclude these links from the dep, or name the folders that are needed as deps',
  );
}

export function notAFile(shown: string, stat: Stats): Error {
  const what = stat.isFIFO() ? 'a pipe' : stat.isSocket() ? 'a socket' : 'a device';
  return unusable(shown, `is ${what}`, 'only files, directories and symbolic links can be stored');
}
