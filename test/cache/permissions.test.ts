/**
 * Modes are restored as the stage set them and change no digest, and private files are never
 * readable in the cache.
 */
import fs, {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import type { StoredOut } from '../../src/cache/cache.js';
import { filesBelow, KEY, recordOf, TestProject } from './project.js';

const UMASK = process.umask();

afterEach(() => void process.umask(UMASK));

const SECRET = 'patients';

/** Long enough to be copied in the background. */
const LONG = 300_000;

const CHAIN = 'c'.repeat(64);

/** Project paths with their modes; a path that ends in `/` is a directory. */
type Tree = ReadonlyMap<string, { readonly mode: number; readonly content: string }>;

function make(project: TestProject, tree: Tree): void {
  const all = [...tree];
  for (const [where, { content }] of all) project.write({ [where]: content });
  // Children first.
  for (const [where, { mode }] of all.reverse()) chmodSync(project.at(where), mode);
}

function modesOf(project: TestProject, tree: Tree): Record<string, string> {
  const modes = [...tree.keys()].map((where) => [
    where,
    (lstatSync(project.at(where)).mode & 0o777).toString(8),
  ]);
  return Object.fromEntries(modes) as Record<string, string>;
}

async function store(project: TestProject, where: string): Promise<StoredOut> {
  const cache = project.open();
  const stored = await cache.outs.store(where);
  await cache.writeRecord({ ...recordOf(KEY, stored.digest), outs: [{ name: 'out', ...stored }] });
  cache.close();
  return stored;
}

/** Through the record, as another process finds it. */
async function putBack(project: TestProject, where: string): Promise<void> {
  rmSync(project.at(where), { recursive: true, force: true });
  const cache = project.open();
  const [out] = cache.readOuts(KEY) ?? [];
  if (out === undefined) throw new Error('nothing is recorded');
  await cache.outs.restore(out, where);
  cache.close();
}

/** After every call that may show a file: the files of the cache that hold the secret and that others may read. */
function watchFor(project: TestProject): string[] {
  const shown: string[] = [];
  const looked = () => {
    if (!existsSync(project.at('cache'))) return;
    for (const file of readableBelow(project.at('cache'), false)) shown.push(file);
  };
  const api = fs as unknown as Record<string, (...args: unknown[]) => unknown>;
  const names = ['writeSync', 'renameSync', 'linkSync', 'chmodSync', 'fchmodSync', 'copyFileSync'];
  const originals = names.map((name) => [name, api[name] as (typeof api)[string]] as const);
  for (const [name, original] of originals) {
    api[name] = (...args) => {
      const result = original(...args);
      looked();
      return result;
    };
  }
  syncBuiltinESMExports();
  onTestFinished(() => {
    for (const [name, original] of originals) api[name] = original;
    syncBuiltinESMExports();
  });
  return shown;
}

/** Files with the secret that others may reach and read. */
function* readableBelow(folder: string, isHidden: boolean): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    const { mode } = lstatSync(file);
    if (entry.isDirectory()) yield* readableBelow(file, isHidden || (mode & 0o011) === 0);
    else if (!isHidden && (mode & 0o044) !== 0 && holdsSecret(file)) yield file;
  }
}

function holdsSecret(file: string): boolean {
  return readFileSync(file, 'latin1').includes(SECRET);
}

test('a private file is private in the cache at any time, and when it is restored', async () => {
  process.umask(0o022);
  const project = new TestProject();
  for (const content of [SECRET, SECRET.padEnd(LONG, '.')]) {
    const tree: Tree = new Map([['o', { mode: 0o600, content }]]);
    make(project, tree);
    const shown = watchFor(project);
    await store(project, 'o');
    await putBack(project, 'o');
    expect(modesOf(project, tree)).toEqual({ o: '600' });
    expect(shown).toEqual([]);
  }
});

test('a file in a private folder is private in the cache, whatever its own mode', async () => {
  process.umask(0o022);
  const project = new TestProject();
  const tree: Tree = new Map([
    ['d/in/open', { mode: 0o644, content: SECRET }],
    ['d/in/long', { mode: 0o644, content: SECRET.padEnd(LONG, '.') }],
    ['d/free', { mode: 0o644, content: 'free' }],
  ]);
  make(project, tree);
  chmodSync(project.at('d/in'), 0o700);
  const shown = watchFor(project);
  await store(project, 'd');
  await putBack(project, 'd');
  expect(modesOf(project, new Map([...tree, ['d/in', { mode: 0, content: '' }]]))).toEqual({
    'd/in': '700',
    'd/in/open': '644',
    'd/in/long': '644',
    'd/free': '644',
  });
  expect(shown).toEqual([]);
});

test('a private file of a state is private in the cache, and where the next epoch reads it', async () => {
  process.umask(0o022);
  const project = new TestProject();
  const cache = project.open();
  const commits = cache.chains.commitFolder(CHAIN);
  mkdirSync(path.join(commits, 'draft'));
  fs.writeFileSync(path.join(commits, 'draft', 'model'), SECRET, { mode: 0o600 });
  fs.writeFileSync(path.join(commits, 'draft', 'free'), 'free');
  renameSync(path.join(commits, 'draft'), path.join(commits, '1'));
  const shown = watchFor(project);
  await cache.chains.storeEpoch(CHAIN, 1, 1);
  const state = await cache.chains.restoreState(CHAIN, 1, path.join(cache.tmpFolder('state'), 's'));
  const mode = (name: string) => (lstatSync(path.join(state, name)).mode & 0o777).toString(8);
  expect([mode('model'), mode('free')]).toEqual(['400', '444']);
  expect(shown).toEqual([]);
  cache.close();
});

test('content stored with two modes is as private as the last one, and both are restored', async () => {
  process.umask(0o022);
  const project = new TestProject();
  const tree: Tree = new Map([
    ['d/a', { mode: 0o600, content: SECRET }],
    ['d/b', { mode: 0o644, content: SECRET }],
  ]);
  make(project, tree);
  await store(project, 'd');
  expect([...readableBelow(project.at('cache'), false)]).toHaveLength(1);
  await putBack(project, 'd');
  expect(modesOf(project, tree)).toEqual({ 'd/a': '600', 'd/b': '644' });
  chmodSync(project.at('d/b'), 0o600);
  await store(project, 'd');
  expect([...readableBelow(project.at('cache'), false)]).toEqual([]);
});

test('a restore corrects the mode of a file with the right content', async () => {
  process.umask(0o022);
  const project = new TestProject();
  make(project, new Map([['o', { mode: 0o600, content: SECRET }]]));
  const stored = await store(project, 'o');
  chmodSync(project.at('o'), 0o644);
  const cache = project.open();
  await cache.outs.restore(stored, 'o');
  cache.close();
  expect(lstatSync(project.at('o')).mode & 0o777).toBe(0o600);
});

test('verify --repair removes write permission from an object, and adds no read permission', async () => {
  process.umask(0o022);
  const project = new TestProject();
  make(project, new Map([['o', { mode: 0o600, content: SECRET }]]));
  await store(project, 'o');
  const [object = ''] = filesBelow(project.at('cache/v1/objects'));
  chmodSync(object, 0o600);
  const cache = project.open();
  await cache.upkeep.verify({ repair: true });
  cache.close();
  expect(lstatSync(object).mode & 0o777).toBe(0o400);
});

const mode = (least: number) => fc.nat(0o777).map((each) => each | least);
const trees = fc.record({
  umask: fc.constantFrom(0o022, 0o077, 0o002, 0o027),
  folder: mode(0o700),
  inner: mode(0o700),
  files: fc.array(
    fc.record({ mode: mode(0o400), content: fc.constantFrom('', 'one', 'two'.repeat(100_000)) }),
    { minLength: 1, maxLength: 5 },
  ),
});

test('all modes of a tree are restored, and do not change its digest (property)', async () => {
  await fc.assert(
    fc.asyncProperty(trees, async ({ umask, folder, inner, files }) => {
      process.umask(umask);
      const project = new TestProject();
      const tree: Tree = new Map([
        ...files.map((file, at) => [`d/${at % 2 === 0 ? '' : 'in/'}${at}`, file] as const),
      ]);
      make(project, tree);
      const all = new Map([...tree, ['d', { mode: folder, content: '' }]]);
      chmodSync(project.at('d'), folder);
      if (existsSync(project.at('d/in'))) {
        chmodSync(project.at('d/in'), inner);
        all.set('d/in', { mode: inner, content: '' });
      }
      const before = modesOf(project, all);
      const stored = await store(project, 'd');
      await putBack(project, 'd');
      expect(modesOf(project, all)).toEqual(before);
      for (const [where, { mode: each }] of tree)
        chmodSync(project.at(where), (each & 0o100) === 0 ? 0o644 : 0o755);
      const cache = project.open();
      expect(cache.scanSync('d')?.digest).toBe(stored.digest);
      cache.close();
    }),
    { numRuns: 15 },
  );
});
