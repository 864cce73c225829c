/** A folder with ignore rules: its digest, and what counts as a change. */
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstMoved } from '../../src/noop/first-moved.js';
import { type ReadLists, ReadSet } from '../../src/noop/read-set.js';
import { ignoreRulesOf, isToolsOwn } from '../../src/pipeline/ignored-files.js';
import { TestProject } from './project.js';

const NAMES = (
  'a b.tmp .c.tmp notes raw __pycache__ x.pyc .git .DS_Store Thumbs.db ' +
  'a~ .#a .a.swp .nfs000000001a2b .nfs-notes'
).split(' ');

/** Each pattern with its meaning, written out. */
const RULES: Readonly<Record<string, (inner: string, isFolder: boolean) => boolean>> = {
  '*.tmp': (inner) => /(^|\/)[^./][^/]*\.tmp$/.test(inner),
  'notes/': (inner, isFolder) => isFolder && /(^|\/)notes$/.test(inner),
  raw: (inner) => /(^|\/)raw$/.test(inner),
  'a/raw': (inner) => inner === 'a/raw',
  '/notes': (inner) => inner === 'notes',
  '**/a/*': (inner) => /(^|\/)a\/[^./][^/]*$/.test(inner) && !/(^|\/)\./.test(inner),
};

/** A folder as paths with contents; a path that ends in `/` is an empty folder. */
const trees = fc.uniqueArray(
  fc.tuple(
    fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 4 }),
    fc.constantFrom('one', 'two', ''),
  ),
  { maxLength: 12, selector: ([names]) => names.join('/') },
);

function write(root: string, tree: readonly (readonly [readonly string[], string])[]): void {
  mkdirSync(root, { recursive: true });
  for (const [names, content] of tree) {
    const file = path.join(root, ...names);
    try {
      mkdirSync(content === '' ? file : path.dirname(file), { recursive: true });
      if (content !== '') writeFileSync(file, content);
    } catch (error) {
      // A file where the next path has a folder, or vice versa.
      if (!/EEXIST|ENOTDIR|EISDIR/.test(String(error))) throw error;
    }
  }
}

/** Deletes ignored files, and folders that become empty. */
function reduce(root: string, isOut: (inner: string, isFolder: boolean) => boolean): void {
  const visit = (folder: string): void => {
    const names = readdirSync(path.join(root, folder));
    for (const name of names) {
      const inner = folder === '' ? name : `${folder}/${name}`;
      const isFolder = lstatSync(path.join(root, inner)).isDirectory();
      if (isOut(inner, isFolder)) rmSync(path.join(root, inner), { recursive: true });
      else if (isFolder) visit(inner);
    }
    const isEmptied = names.length > 0 && readdirSync(path.join(root, folder)).length === 0;
    if (isEmptied && folder !== '') rmSync(path.join(root, folder), { recursive: true });
  };
  visit('');
}

test('counts as a copy without the ignored files, whatever they are (property)', () => {
  const cases = fc.tuple(trees, fc.subarray(Object.keys(RULES)));
  fc.assert(
    fc.property(cases, ([tree, exclude]) => {
      const project = new TestProject();
      write(project.at('src'), tree);
      write(project.at('copy'), tree);
      reduce(
        project.at('copy'),
        (inner, isFolder) =>
          isToolsOwn(path.basename(inner)) || exclude.some((each) => RULES[each]!(inner, isFolder)),
      );
      const dep = { path: 'src', glob: false, ...(exclude.length > 0 && { exclude }) };
      const scans = () => {
        const cache = project.open();
        const seen = cache.scanSync('src', {
          follow: true,
          ignoreRules: ignoreRulesOf(dep),
        })?.digest;
        const plain = cache.scanSync('src')?.digest;
        const bare = cache.scanSync('copy')?.digest;
        cache.close();
        return { seen, plain, bare };
      };
      const first = scans();
      expect(first.seen).toBe(first.bare);
      // Again, now that the stat index knows both.
      expect(scans()).toEqual(first);
    }),
    { numRuns: 40 },
  );
});

type Change = (at: (where: string) => string) => void;

const change = (
  name: string,
  act: Change,
  moved: string | undefined,
): [string, Change, unknown] => [name, act, moved];

test.each([
  change('a folder of bytecode comes', (at) => mkdirSync(at('src/__pycache__')), undefined),
  change(
    'bytecode is replaced',
    (at) => {
      writeFileSync(at('src/new'), '2');
      renameSync(at('src/new'), at('src/old.pyc'));
    },
    undefined,
  ),
  change('bytecode goes', (at) => rmSync(at('src/old.pyc')), undefined),
  change('an excluded file comes', (at) => writeFileSync(at('src/sub/x.tmp'), ''), undefined),
  change(
    'bytecode and a file come',
    (at) => {
      mkdirSync(at('src/__pycache__'));
      writeFileSync(at('src/b'), '');
    },
    'src/b',
  ),
  change(
    'bytecode comes and a file goes',
    (at) => {
      mkdirSync(at('src/__pycache__'));
      rmSync(at('src/sub/a'));
    },
    'src/sub/a',
  ),
  change(
    'a file comes and goes',
    (at) => {
      writeFileSync(at('src/b'), '');
      rmSync(at('src/b'));
    },
    'src',
  ),
  change(
    'a file takes the place of a folder',
    (at) => {
      rmSync(at('src/sub'), { recursive: true });
      writeFileSync(at('src/sub'), '');
    },
    'src/sub/a',
  ),
])('while a stage runs, %s', async (_name, act, moved) => {
  const project = new TestProject();
  project.write({ 'src/a': '1', 'src/old.pyc': '1', 'src/sub/a': '1' });
  const readSet = new ReadSet(project.root, { timeAt: () => Date.now() });
  const ignoreRules = ignoreRulesOf({ path: 'src', glob: false, exclude: ['*.tmp'] });
  const cache = project.open();
  cache.scanSync('src', { follow: true, again: true, ignoreRules, readSet });
  // As recorded for the process that follows a crash.
  const lists = JSON.parse(JSON.stringify(readSet.lists)) as ReadLists;
  expect(await firstMoved(project.root, lists)).toBeUndefined();
  const start = Date.now();
  while (Date.now() - start < 30) await nextTurn();
  act((where) => project.at(where));
  expect(await firstMoved(project.root, lists)).toBe(moved);
  cache.close();
});
