/** Detects undeclared inputs: paths in a stage's output that the project has and its fresh folder lacks. */
import { existsSync, fstatSync } from 'node:fs';
import path from 'node:path';
import { lastText, withFile } from '../sys/open-file.js';

/** Enough of any output to contain the error message. */
const MOST_TEXT = 4 << 20;

/** How programs report a missing file. */
const ABSENCE =
  /no such file|not found|ENOENT|does not exist|cannot (?:open|find|read|access)|missing|no rule to make/i;

/** How Python and Node report a missing module, with its name and not its path. */
const MODULE =
  /No module named '?([\w.]+)|cannot import name '(\w+)' from .([\w.]+)|Cannot find module '(\.[^']+)'/g;

interface Places {
  readonly project: string;
  readonly fresh: string;
  /** Paths that may be absent: the item's outs, and its code. */
  readonly known: ReadonlySet<string>;
}

/** Paths relative to the project, in the order of their mention. */
export function undeclaredReads(log: string, { project, fresh, known }: Places): string[] {
  const text = withFile(log, 'r', (handle) => lastText(handle, fstatSync(handle).size, MOST_TEXT));
  const found = new Set<string>();
  const isMissing = (file: string) =>
    existsSync(path.join(project, file)) && !existsSync(path.join(fresh, file));
  /** Where they may look for modules: also next to the files of the traceback. */
  const folders = new Set(['', 'src']);
  const modules: string[] = [];
  for (const line of text.split('\n')) {
    for (const [word] of line.matchAll(/[^\s'"`,;:()<>[\]{}=]+/g)) {
      const relative = relativePath(fresh, word.replace(/\.+$/, ''), ABSENCE.test(line));
      if (relative === undefined) continue;
      if (/\.(?:py|[cm]?[jt]s)$/.test(relative)) folders.add(path.dirname(relative));
      if (!known.has(relative) && isMissing(relative)) found.add(relative);
    }
    for (const [, name, part, from, file] of line.matchAll(MODULE))
      modules.push(file ?? (name ?? `${from}.${part}`).replaceAll('.', '/'));
  }
  for (const module of modules) {
    const places = [...folders].flatMap((folder) => filesOf(path.join(folder, module)));
    const missing = places.find(isMissing);
    if (missing !== undefined) found.add(missing);
  }
  return [...found];
}

const ENDINGS = '.py /__init__.py .js .cjs .ts .cts .json /index.js /index.ts'.split(' ');

/** Of a module or a package; last the folder, which may be a part of a namespace package. */
function filesOf(module: string): string[] {
  return [...ENDINGS.map((ending) => module + ending), module];
}

/** A word is a path if it looks like one, or if its line is about something missing. */
function relativePath(root: string, word: string, isAboutAbsence: boolean): string | undefined {
  if (word.startsWith(`${root}/`)) return path.normalize(word.slice(root.length + 1));
  if (word === '' || path.isAbsolute(word) || !(isAboutAbsence || /[./]/.test(word)))
    return undefined;
  const normal = path.normalize(word);
  return normal === '.' || normal.startsWith('..') ? undefined : normal;
}
