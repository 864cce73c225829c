/** Removes compiled Python modules that Python would trust although their source has changed. */
import { type Dirent, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { bestEffort } from '../cache/files/file-errors.js';
import type { Cooperative } from '../cache/files/yielding.js';
import { getOrMake } from '../lists.js';
import { statIfThere, unlessRefused } from '../sys/if-there.js';

/**
 * A compiled module names the time (in seconds) and the size of its source, and Python compares
 * only these. So after an edit within one second that keeps the size, Python runs the old code. A
 * compiled module that is not newer than its source has no other use, so pipe deletes it before the
 * process starts.
 *
 * @param files of the item's code and deps, relative to `root`
 * @param prefix PYTHONPYCACHEPREFIX of the process
 * @param warn of a file that cannot be deleted
 */
export function removeOutdatedBytecode(
  root: string,
  files: Iterable<string>,
  prefix: string | undefined,
  warn: (message: string) => void,
): void {
  const names = new Map<string, readonly string[]>();
  for (const file of files) {
    if (!file.endsWith('.py')) continue;
    const source = path.join(root, file);
    const folder = prefix
      ? path.join(prefix, path.dirname(source))
      : path.join(path.dirname(source), '__pycache__');
    const all = getOrMake(names, folder, () => unlessRefused(() => readdirSync(folder)) ?? []);
    for (const name of all.filter(compiledOf(source))) {
      const compiled = path.join(folder, name);
      const isOutdated = unlessRefused(
        () => statSync(compiled).mtimeMs <= statSync(source).mtimeMs,
      );
      const without = `Python may run ${compiled}, which is older than its source`;
      if (isOutdated) bestEffort(without, warn, () => rmSync(compiled, { force: true }));
    }
  }
}

/** The Python sources in a folder, relative to `root`; none in a file. Does not follow links in it. */
export function* sourcesBelow(root: string, folder: string): Cooperative<string[]> {
  const found: string[] = [];
  const queue = [folder];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    yield undefined;
    // Unreadable files are reported with the dep.
    for (const entry of unlessRefused(() => entriesIn(path.join(root, at as string))) ?? []) {
      const inner = `${at}/${entry.name}`;
      if (entry.isDirectory() && entry.name !== '__pycache__') queue.push(inner);
      else if (entry.name.endsWith('.py')) found.push(inner);
    }
  }
  return found;
}

function entriesIn(folder: string): Dirent[] {
  const isFolder = statIfThere(folder)?.isDirectory();
  return isFolder ? readdirSync(folder, { withFileTypes: true }) : [];
}

/** `net.cpython-311.pyc`, of every version of Python, and of every optimization. */
function compiledOf(source: string): (name: string) => boolean {
  const stem = `${path.basename(source, '.py')}.`;
  return (name) => name.startsWith(stem) && name.endsWith('.pyc');
}
