/** Locates the pages of docs/ for messages: next to dist/, wherever the package is installed. */
import path from 'node:path';

export interface Reader {
  /** Absolute path of the tool's dist folder. */
  readonly dist: string;
  /** Absolute path of the user's current folder. */
  readonly cwd: string;
}

/** The page's path from `cwd`; absolute where the package is outside that folder. */
export function pagePath(page: string, { dist, cwd }: Reader): string {
  const file = path.join(dist, '..', 'docs', page);
  const below = path.relative(cwd, file);
  return below.startsWith('..') || path.isAbsolute(below) ? file : below;
}
