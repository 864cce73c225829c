/** Detects undeclared inputs: paths in a stage's output that the project has and its fresh folder lacks. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Enough of any output to contain the error message. */
const MOST_TEXT = 4 << 20;

/** How programs report a missing file. */
const ABSENCE =
  /no such file|not found|ENOENT|does not exist|cannot (?:open|find|read|access)|missing/i;

interface Places {
  readonly project: string;
  readonly fresh: string;
  /** Paths that may be absent: the item's outs, and its code. */
  readonly known: ReadonlySet<string>;
}

/** Paths relative to the project, in the order of their mention. */
export function undeclaredReads(log: string, { project, fresh, known }: Places): string[] {
  const text = readFileSync(log, 'utf8').slice(-MOST_TEXT);
  const found = new Set<string>();
  for (const line of text.split('\n')) {
    for (const [word] of line.matchAll(/[^\s'"`,;:()<>[\]{}=]+/g)) {
      const relative = relativePath(fresh, word.replace(/\.+$/, ''), ABSENCE.test(line));
      if (relative === undefined || known.has(relative)) continue;
      if (!existsSync(path.join(project, relative))) continue;
      if (!existsSync(path.join(fresh, relative))) found.add(relative);
    }
  }
  return [...found];
}

/** A word is a path if it looks like one, or if its line is about something missing. */
function relativePath(root: string, word: string, isAboutAbsence: boolean): string | undefined {
  if (word.startsWith(`${root}/`)) return path.normalize(word.slice(root.length + 1));
  if (word === '' || path.isAbsolute(word) || !(isAboutAbsence || /[./]/.test(word)))
    return undefined;
  const normal = path.normalize(word);
  return normal === '.' || normal.startsWith('..') ? undefined : normal;
}
