/** Looking at the file system without an error for what is not there. */
import { lstatSync, type Stats } from 'node:fs';
import { isAbsent } from './errors.js';

export function lstatIfThere(absolute: string): Stats | undefined {
  try {
    return lstatSync(absolute, { throwIfNoEntry: false });
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
