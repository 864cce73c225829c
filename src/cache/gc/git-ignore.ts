/** Writes the `.gitignore` of a new cache: without it, `git add -A` would commit the cache. */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { unlessFailed } from '../../sys/if-there.js';
import { makeFolder } from '../../sys/make-folder.js';
import type { Layout } from '../layout.js';

const TEXT = '# Created by pipe. It can recreate everything here except replaced/.\n*\n';

/**
 * Called before the first write of a process. Does nothing in an existing cache, whose owner may
 * have deleted the file, or in a folder that PIPE_CACHE names.
 */
export function ignoreNewCache(layout: Layout, isNamed: boolean): void {
  if (existsSync(isNamed ? layout.root : layout.home)) return;
  // If the folder is not writable, the next write reports why.
  unlessFailed(() => {
    makeFolder(layout.root);
    writeFileSync(path.join(layout.root, '.gitignore'), TEXT, { flag: 'wx' });
  });
}
