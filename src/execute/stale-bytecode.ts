/** Compiled Python modules that Python would trust although their source has changed. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { bestEffort } from '../cache/files/file-errors.js';
import { unlessRefused } from '../cache/files/look.js';

/**
 * Python compares the second and the size of a source with those that a compiled module names: it runs the
 * old code after an edit within one second that keeps the size. A compiled module that is not newer than
 * its source is of no use otherwise either, so it goes before the process starts.
 *
 * @param files of the item's code, relative to `root`
 * @param prefix PYTHONPYCACHEPREFIX of the process
 * @param warn of a file that cannot be deleted
 */
export function removeStaleBytecode(
  root: string,
  files: Iterable<string>,
  prefix: string | undefined,
  warn: (message: string) => void,
): void {
  for (const file of files) {
    if (!file.endsWith('.py')) continue;
    const source = path.join(root, file);
    const time = unlessRefused(() => statSync(source).mtimeMs);
    if (time === undefined) continue;
    for (const compiled of compiledOf(source, prefix)) {
      const isStale = unlessRefused(() => statSync(compiled).mtimeMs <= time);
      const without = `Python may run ${compiled}, which is older than its source`;
      if (isStale) bestEffort(without, warn, () => rmSync(compiled, { force: true }));
    }
  }
}

/** `__pycache__/net.cpython-311.pyc`, of every version of Python, and of every optimization. */
function compiledOf(source: string, prefix: string | undefined): string[] {
  const stem = `${path.basename(source, '.py')}.`;
  const folder = prefix
    ? path.join(prefix, path.dirname(source))
    : path.join(path.dirname(source), '__pycache__');
  const names = unlessRefused(() => readdirSync(folder)) ?? [];
  return names
    .filter((name) => name.startsWith(stem) && name.endsWith('.pyc'))
    .map((name) => path.join(folder, name));
}
