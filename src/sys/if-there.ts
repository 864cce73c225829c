/** Looks at the file system for what may not be there. */
import { realpathSync } from 'node:fs';

/** Undefined where nothing is, or where a folder is instead of a file, or a file instead of a folder. */
export function unlessAbsent<T>(look: () => T): T | undefined {
  return unless(['ENOENT', 'ENOTDIR', 'EISDIR'], look);
}

/** Undefined for an absent path, and for a link that leads nowhere or in a circle. */
export function realpathIfThere(absolute: string): string | undefined {
  return unless(['ENOENT', 'ENOTDIR', 'ELOOP'], () => realpathSync(absolute));
}

function unless<T>(codes: readonly string[], look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (codes.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
