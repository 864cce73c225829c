/** Looks at the file system for what may not be there. */
import { lstatSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';

const NOTHING_THERE = ['ENOENT', 'ENOTDIR', 'EISDIR'];
const LEADS_NOWHERE = ['ENOENT', 'ENOTDIR', 'ELOOP'];

/** Undefined where nothing is, or where a folder is instead of a file, or a file instead of a folder. */
export function unlessAbsent<T>(look: () => T): T | undefined {
  return unless(NOTHING_THERE, look);
}

/** Undefined for an absent path, and in a circle of links. */
export function lstatIfThere(absolute: string): Stats | undefined {
  return unless(LEADS_NOWHERE, () => lstatSync(absolute, { throwIfNoEntry: false }));
}

/** The same with links followed: undefined also for a link that leads nowhere. */
export function statIfThere(absolute: string): Stats | undefined {
  return unless(LEADS_NOWHERE, () => statSync(absolute, { throwIfNoEntry: false }));
}

/** Undefined for what is not a file. */
export function bytesIfThere(absolute: string): Buffer | undefined {
  return unlessAbsent(() => readFileSync(absolute));
}

/** Undefined where the system refuses: nothing is there, permission is missing, or the path is too long. */
export function unlessRefused<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return undefined;
  }
}

/** Undefined for an absent path, and for a link that leads nowhere or in a circle. */
export function realpathIfThere(absolute: string): string | undefined {
  return unless(LEADS_NOWHERE, () => realpathSync(absolute));
}

/** Undefined where the system refuses with one of these codes. */
export function unless<T>(codes: readonly string[], look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (codes.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
