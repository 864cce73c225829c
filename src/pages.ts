/** Where the pages of docs/ are for a user: beside dist/, wherever the package is installed. */
import path from 'node:path';

export interface Reader {
  /** Absolute path of the tool's dist folder. */
  readonly dist: string;
  /** Absolute path of the folder that the reader is in. */
  readonly cwd: string;
}

/** The path that opens the page from `cwd`; absolute where the package lies outside of that folder. */
export function pagePath(page: string, { dist, cwd }: Reader): string {
  const file = path.join(dist, '..', 'docs', page);
  const below = path.relative(cwd, file);
  return below.startsWith('..') || path.isAbsolute(below) ? file : below;
}
