/** Where pipe cannot follow the code of a file, with its path in the project. Pure. */
import path from 'node:path';
import type { Untraced } from '../script-trace.js';
import type { Opaque } from './imports.js';

export function inFile({ message, folder, place }: Opaque, file: string): Untraced {
  const read = folder === undefined ? {} : { folder: path.posix.join(file, '..', folder) };
  return { message, ...read, place: { file, ...place } };
}
