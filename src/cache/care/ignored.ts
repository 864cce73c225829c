/** A new cache says itself that git ignores it: else `git add -A` would commit all that it comes to hold. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { codeOf } from '../files/errors.js';
import type { Layout } from '../layout.js';

const TEXT = '# Made by pipe: what is in here can be made again.\n*\n';

/**
 * Called before the first write of a process. Nothing is done to a cache that is there already, whose
 * owner may have removed the file, nor to a folder of the user's that PIPE_CACHE names.
 */
export function ignoreNewCache(layout: Layout, isNamed: boolean): void {
  if (existsSync(isNamed ? layout.root : layout.home)) return;
  try {
    mkdirSync(layout.root, { recursive: true });
    writeFileSync(path.join(layout.root, '.gitignore'), TEXT, { flag: 'wx' });
  } catch (error) {
    // There is one already, or the folder cannot be written: the write that comes next tells why.
    if (codeOf(error) === undefined) throw error;
  }
}
