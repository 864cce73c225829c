/** Finds the files that pytest or unittest collects, by their names. */
import path from 'node:path';
import { inFolder, parentOf } from '../../sys/is-within.js';
import { inProject, withParents } from '../project-paths.js';
import type { Untraced } from '../script-trace.js';
import type { Launch } from './launches.js';
import type { Finder } from './module-finder.js';
import type { Reads } from './trace-reads.js';

export interface TestFile {
  readonly file: string;
  /** The package of the file; empty without one. */
  readonly parent: string;
  /** The folder of its first package, which pytest puts at the start of the search path. */
  readonly base: string;
}

const PATTERNS: Readonly<Record<string, RegExp>> = {
  pytest: /^test_.*\.py$|_test\.py$/,
  unittest: /^test.*\.py$/,
};

/** Folders that the collectors skip, or that contain no code of the project. */
const SKIPPED = /^(?:\..*|__pycache__|build|dist|node_modules|venv|_darcs|CVS|cache)$/;

const DEEPEST = 16;

const CONFIGURATIONS = ['pytest.ini', 'pyproject.toml', 'tox.ini', 'setup.cfg'];

interface Collected {
  readonly tests: readonly TestFile[];
  readonly opaque: readonly Untraced[];
}

/** Empty for a launch of another kind. */
export function collectedTests(launch: Launch, reads: Reads): Collected {
  if (launch.kind !== 'tests') return { tests: [], opaque: [] };
  const texts = CONFIGURATIONS.map((file) => ({ file, text: reads.textOf(file) ?? '' }));
  const tests = testsOf(
    launch,
    reads.finder,
    texts.flatMap(({ text }) => testpathsIn(text)),
  );
  const message = 'python_files changes which files pytest collects';
  const custom = texts.filter(({ text }) => /^[ \t]*python_files[ \t]*=/m.test(text));
  return { tests, opaque: custom.map(({ file }) => ({ message, place: { file } })) };
}

/** `testpaths`: where pytest starts if the command names no path. */
function testsOf(
  { target, folder }: Launch,
  finder: Finder,
  testpaths: readonly string[],
): TestFile[] {
  const [collector = '', ...words] = target.split('\n');
  const existing = (paths: readonly string[], from: string) =>
    paths
      .flatMap((each) => inProject(from, each))
      .map((each) => each.replace(/\/$/, ''))
      .filter((each) => finder.has(each));
  const given = existing(words, folder);
  const own = given.length > 0 ? given : existing(testpaths, '');
  const starts = own.length > 0 ? own : [folder];
  const files = new Set<string>();
  for (const start of starts) {
    const inside = start.endsWith('.py')
      ? [start]
      : filesBelow(start, PATTERNS[collector] as RegExp, finder);
    for (const file of inside) files.add(file);
    if (collector !== 'pytest') continue;
    for (const file of inside) for (const each of configurations(file, finder)) files.add(each);
  }
  return [...files].map((file) => ({ file, ...packageOf(file, finder) }));
}

function filesBelow(folder: string, pattern: RegExp, finder: Finder, depth = 0): string[] {
  if (depth > DEEPEST) return [];
  return finder.all(folder).flatMap((each) => {
    const name = path.posix.basename(each);
    if (pattern.test(name)) return [each];
    return name.includes('.') || SKIPPED.test(name)
      ? []
      : filesBelow(each, pattern, finder, depth + 1);
  });
}

/** `conftest.py` in the folder of the file, and in all above it. */
function configurations(file: string, finder: Finder): string[] {
  return withParents(parentOf(file))
    .map((each) => inFolder(each, 'conftest.py'))
    .filter((each) => finder.has(each));
}

function packageOf(file: string, finder: Finder): Pick<TestFile, 'parent' | 'base'> {
  const parts: string[] = [];
  let base = parentOf(file);
  while (base !== '' && finder.has(`${base}/__init__.py`)) {
    parts.unshift(path.posix.basename(base));
    base = parentOf(base);
  }
  return { parent: parts.join('.'), base };
}

/** The folders that a configuration file of pytest names. */
function testpathsIn(text: string): string[] {
  const value =
    /^[ \t]*testpaths[ \t]*=[ \t]*(\[[^\]]*\]|[^\n]*(?:\n[ \t]+[^\n]+)*)/m.exec(text)?.[1] ?? '';
  return value.match(/[\w./-]+/g) ?? [];
}
