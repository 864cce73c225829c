/** File system calls for paths that may not exist. */
import { lstatSync, readdirSync, readFileSync, type Stats, statSync, unlinkSync } from 'node:fs';

const NOTHING_THERE = ['ENOENT', 'ENOTDIR', 'EISDIR'];
export const LEADS_NOWHERE = ['ENOENT', 'ENOTDIR', 'ELOOP'];
/** Nothing is there, or this user cannot read it. */
export const UNREACHABLE = [...LEADS_NOWHERE, 'EACCES', 'EPERM'];

/**
 * Undefined if nothing exists there, or if there is a folder instead of a file, or a file instead
 * of a folder.
 */
export function unlessAbsent<T>(look: () => T): T | undefined {
  return unless(NOTHING_THERE, look);
}

/** Undefined for an absent path, and for a link that leads in a circle. */
export function lstatIfThere(absolute: string): Stats | undefined {
  return unless(LEADS_NOWHERE, () => lstatSync(absolute, { throwIfNoEntry: false }));
}

/** False for a link to a folder. */
export function isFolder(absolute: string): boolean {
  return lstatIfThere(absolute)?.isDirectory() === true;
}

/** The same with links followed: undefined also for a broken link. */
export function statIfThere(absolute: string): Stats | undefined {
  return unless(LEADS_NOWHERE, () => statSync(absolute, { throwIfNoEntry: false }));
}

/** A larger file is data: pipe does not read it as a program, metrics or a table. */
export const MOST_READ = 64 * 1024 * 1024;

export function isLarge(absolute: string): boolean {
  return (statIfThere(absolute)?.size ?? 0) > MOST_READ;
}

/**
 * Undefined if it is not a file, or a large one. Does not open a named pipe or a device, since that
 * may block forever.
 */
export function bytesIfThere(absolute: string): Buffer | undefined {
  const stat = statIfThere(absolute);
  if (stat?.isFile() !== true || stat.size > MOST_READ) return undefined;
  return unlessAbsent(() => readFileSync(absolute));
}

export function textIfThere(absolute: string): string | undefined {
  return unlessAbsent(() => readFileSync(absolute, 'utf8'));
}

/** None in a folder that does not exist, and for a link that leads in a circle. */
export function namesIn(folder: string): string[] {
  return unless(LEADS_NOWHERE, () => readdirSync(folder)) ?? [];
}

/** Deletes a file or link, if there is one, in a single system call: `rmSync` reads its stat twice. */
export function removeFile(absolute: string): void {
  unless(['ENOENT'], () => unlinkSync(absolute));
}

/**
 * Undefined if the system refuses: nothing exists there, permission is missing, the disk fails.
 * Throws a temporary error, which says nothing about the path.
 */
export function unlessRefused<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (!isSystemError(error) || isPassing(error)) throw error;
    return undefined;
  }
}

/** Undefined on any error of the system. For cleanup and figures: nothing may depend on the result. */
export function unlessFailed<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return undefined;
  }
}

function isSystemError(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).syscall !== undefined;
}

/** The system has no descriptor or memory left right now; the file or process itself is fine. */
export function isPassing(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'].includes(code);
}

/** Undefined if the system reports one of these error codes. */
export function unless<T>(codes: readonly string[], look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (codes.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
