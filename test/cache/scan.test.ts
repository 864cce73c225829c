/** The results of a scan of the workspace, and when it reads again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { removeTree } from '../../src/cache/files/remove.js';
import { finishSync } from '../../src/cache/files/yielding.js';
import { kindOf } from '../../src/cache/objects/digest.js';
import { Scanner } from '../../src/cache/scan/scanner.js';
import { StatIndex } from '../../src/cache/scan/stat-index.js';
import { ReadSet } from '../../src/noop/read-set.js';
import { bootId } from '../../src/sys/proc.js';
import { filesBelow, TestProject, temporaryFolder } from './project.js';

/** Makes files look as if they were written a minute ago, except for their ctime. */
function age(project: TestProject, ...paths: string[]): void {
  const then = new Date(Date.now() - 60_000);
  for (const where of paths) utimesSync(project.at(where), then, then);
}

/** Returns when everything written so far is older than the clock's tick. */
async function tick(): Promise<void> {
  const start = Date.now();
  while (Date.now() - start < 30) await new Promise((resolve) => setImmediate(resolve));
}

test('nothing, a file, an executable, a link and a directory are distinguished', () => {
  const project = new TestProject();
  project.write({ 'data/a': 'same', 'data/b': 'same', 'data/d/f': '' });
  chmodSync(project.at('data/b'), 0o755);
  symlinkSync('a', project.at('data/l'));
  const cache = project.open();
  expect(cache.scanSync('data/none')).toBeUndefined();
  expect(cache.scanSync('data/a/below')).toBeUndefined();
  const kinds = ['a', 'b', 'l', 'd'].map((name) => kindOf(cache.scanSync(`data/${name}`)!.digest));
  expect(kinds).toEqual(['file', 'executable', 'link', 'directory']);
  expect(cache.scanSync('data/a')?.digest.slice(2)).toBe(cache.scanSync('data/b')?.digest.slice(2));
});

test('a change below more nested folders than a stack has room for counts', () => {
  const project = new TestProject();
  const deepest = `data${'/d'.repeat(1_700)}`;
  mkdirSync(project.at(deepest), { recursive: true });
  project.write({ [`${deepest}/a`]: '1' });
  const before = project.open().scanSync('data');
  project.write({ [`${deepest}/a`]: '22' });
  const after = project.open().scanSync('data');
  expect([before?.size, after?.size]).toEqual([1, 2]);
  expect(before?.digest).not.toBe(after?.digest);
  expect(removeTree(project.at('data'))).toBeUndefined();
  expect(project.open().scanSync('data')).toBeUndefined();
});

test('a directory counts by names, contents and modes, not by times, order or place', () => {
  const one = new TestProject();
  const two = new TestProject();
  one.write({ 'data/a': '1', 'data/b/c': '2' });
  two.write({ 'elsewhere/b/c': '2', 'elsewhere/a': '1' });
  age(two, 'elsewhere/a', 'elsewhere/b/c');
  expect(one.open().scanSync('data')).toEqual(two.open().scanSync('elsewhere'));
});

test.each<[string, (project: TestProject) => void]>([
  ['a changed byte', (project) => project.write({ 'data/sub/b': 'B' })],
  ['a new file', (project) => project.write({ 'data/sub/new': '' })],
  ['a new empty directory', (project) => project.write({ 'data/sub/new/': '' })],
  ['a removed file', (project) => rmSync(project.at('data/sub/b'))],
  ['a renamed file', (project) => renameSync(project.at('data/sub/b'), project.at('data/sub/z'))],
  ['a changed mode', (project) => chmodSync(project.at('data/sub/b'), 0o755)],
  [
    'a file that became a link',
    (project) => {
      rmSync(project.at('data/sub/b'));
      symlinkSync('../a', project.at('data/sub/b'));
    },
  ],
])(
  '%s is detected, within a run by a repeated read and always by the next run',
  async (_, change) => {
    const project = new TestProject();
    project.write({ 'data/a': 'a', 'data/sub/b': 'b' });
    const cache = project.open();
    const before = cache.scanSync('data');
    await tick();
    cache.close();
    change(project);
    expect(cache.scanSync('data')).toEqual(before);
    const after = cache.scanSync('data', { again: true });
    expect(after?.digest).not.toBe(before?.digest);
    expect(project.open().scanSync('data')).toEqual(after);
  },
);

test('an unchanged file is not read again, and a touched one is', async () => {
  const project = new TestProject();
  project.write({ 'data/a': 'a', 'data/b': 'b', lone: 'l' });
  await tick();
  const first = project.open();
  const before = [first.scanSync('data'), first.scanSync('lone')];
  first.close();
  // Root may read any file, so the files are emptied to show that they are not opened.
  const index = new StatIndex(indexFile(project), () => undefined);
  const rows = index.directory('data')!;
  expect(
    rows.names.map((_, row) => rows.matches(row, statSync(project.at(`data/${rows.names[row]}`)))),
  ).toEqual([true, true]);
  expect(index.looseHex('lone', statSync(project.at('lone')))).toBe(before[1]?.digest.slice(2));
  age(project, 'data/a');
  const touched = new StatIndex(indexFile(project), () => undefined).directory('data')!;
  const row = touched.names.indexOf('a');
  expect(touched.matches(row, statSync(project.at('data/a')))).toBe(false);
  expect(project.open().scanSync('data')).toEqual(before[0]);
});

test('a file written within the tick of its hashing is not remembered, nor by a restored time', async () => {
  const project = new TestProject();
  const index = new StatIndex(project.at('index'), () => undefined);
  const scanner = new Scanner(
    project.root,
    index,
    () => undefined,
    new ReadSet(project.root, { timeAt: () => Date.now() }),
  );
  for (let round = 0; round < 50; round++) {
    // The same size and, by the clock's ticks, the same time.
    writeFileSync(project.at('a'), 'one');
    const one = finishSync(scanner.scan('a', { again: true }));
    writeFileSync(project.at('a'), 'two');
    const two = finishSync(scanner.scan('a', { again: true }));
    expect(two?.digest).not.toBe(one?.digest);
  }
});

test('a file written shortly before a crash of the machine is read again', async () => {
  const project = new TestProject();
  project.write({ a: 'a' });
  await tick();
  const cache = project.open();
  cache.scanSync('a');
  cache.close();
  const stat = statSync(project.at('a'));
  const bootedSince = new StatIndex(indexFile(project), () => undefined, 'another');
  expect(bootedSince.looseHex('a', stat)).toBeUndefined();
  const upAllTheTime = new StatIndex(indexFile(project), () => undefined, bootId());
  expect(upAllTheTime.looseHex('a', stat)).toBeDefined();
});

test('an index that is truncated or changed anywhere is ignored', async () => {
  const project = new TestProject();
  project.write({ 'data/a': 'a', 'data/b/c': 'c', lone: 'l' });
  await tick();
  const cache = project.open();
  const before = [cache.scanSync('data'), cache.scanSync('lone')];
  cache.close();
  const whole = readFileSync(indexFile(project));
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(indexFile(project), whole.subarray(0, length));
    const next = project.open();
    expect([next.scanSync('data'), next.scanSync('lone')]).toEqual(before);
  }
  expect(new Set(project.warnings)).toEqual(
    new Set(['the stat index is damaged or from another version: files are hashed again']),
  );
  for (let byte = 0; byte < whole.length; byte++) {
    const changed = Buffer.from(whole);
    changed[byte] = (changed[byte] as number) ^ (1 << (byte % 8));
    writeFileSync(indexFile(project), changed);
    const next = project.open();
    expect([next.scanSync('data'), next.scanSync('lone')]).toEqual(before);
  }
});

test('a link within a dep counts as a link, one that leaves it as its target', () => {
  const project = new TestProject();
  const outside = temporaryFolder();
  writeFileSync(path.join(outside, 'f'), 'outside');
  mkdirSync(path.join(outside, 'sub'));
  writeFileSync(path.join(outside, 'sub/g'), 'deep');
  project.write({ 'data/real': 'inside' });
  symlinkSync('real', project.at('data/inner'));
  symlinkSync(path.join(outside, 'f'), project.at('data/file'));
  symlinkSync(outside, project.at('data/folder'));
  const scan = () => project.open().scanSync('data', { follow: true })!;
  const listing = project.open().treeListing(scan().digest)!;
  expect(listing.map((entry) => [entry.name, kindOf(entry.digest)])).toEqual([
    ['file', 'file'],
    ['folder', 'directory'],
    ['inner', 'link'],
    ['real', 'file'],
  ]);
  const before = scan().digest;
  writeFileSync(path.join(outside, 'sub/g'), 'DEEP');
  expect(scan().digest).not.toBe(before);
  const plain = project.open().scanSync('data')!.digest;
  writeFileSync(path.join(outside, 'sub/g'), 'and again');
  expect(project.open().scanSync('data')!.digest).toBe(plain);
});

test('a dep that is itself a link counts as its target', () => {
  const project = new TestProject();
  const outside = temporaryFolder();
  writeFileSync(path.join(outside, 'f'), 'x');
  project.write({ 'real/f': 'x' });
  symlinkSync(outside, project.at('data'));
  const cache = project.open();
  expect(cache.scanSync('data', { follow: true })).toEqual(
    cache.scanSync('real', { follow: true }),
  );
  expect(kindOf(cache.scanSync('data')!.digest)).toBe('link');
});

test('links that are broken, lead to themselves or in a circle count as links', () => {
  const project = new TestProject();
  const outside = temporaryFolder();
  project.write({ 'data/sub/f': '' });
  symlinkSync('nowhere', project.at('data/dangling'));
  symlinkSync('self', project.at('data/self'));
  symlinkSync('..', project.at('data/sub/up'));
  symlinkSync(project.root, project.at('data/above'));
  symlinkSync(outside, project.at('data/out'));
  symlinkSync(project.at('data'), path.join(outside, 'back'));
  const cache = project.open();
  const { digest } = cache.scanSync('data', { follow: true })!;
  const kinds = cache.treeListing(digest)!.map((entry) => [entry.name, kindOf(entry.digest)]);
  expect(kinds).toEqual([
    ['above', 'link'],
    ['dangling', 'link'],
    ['out', 'directory'],
    ['self', 'link'],
    ['sub', 'directory'],
  ]);
});

test('a sliced scan gives the same result as a synchronous one, also when two run at once', async () => {
  const project = new TestProject();
  const files = Array.from({ length: 500 }, (_, i) => [`data/${i % 7}/${i}`, `content ${i}`]);
  project.write(Object.fromEntries(files));
  const sync = project.open().scanSync('data');
  const cache = project.open();
  const both = await Promise.all([
    cache.scan('data', { again: true }),
    cache.scan('data', { follow: true }),
    cache.outs.store('data'),
  ]);
  expect(both).toEqual([sync, sync, sync]);
  expect(cache.hasAll(sync!.digest)).toBe(true);
});

test('forgetting a path discards what is above and below it, and nothing else', () => {
  const project = new TestProject();
  project.write({ 'data/a/x': '1', 'data/b/y': '1', other: '1' });
  const cache = project.open();
  const before = ['data', 'data/a', 'data/a/x', 'data/b/y', 'other'].map((each) =>
    cache.scanSync(each),
  );
  for (const where of ['data/a/x', 'data/b/y', 'other']) appendFileSync(project.at(where), '2');
  cache.forget('data/a');
  const after = ['data', 'data/a', 'data/a/x', 'data/b/y', 'other'].map((each) =>
    cache.scanSync(each),
  );
  expect(after.map((scan, i) => scan?.digest !== before[i]?.digest)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});

test('only the changed file among many is read', async () => {
  const project = new TestProject();
  for (let i = 0; i < 200; i++) {
    // A time that happens to be a whole millisecond looks like that of a coarse clock, and is not
    // trusted yet.
    do project.write({ [`data/${i}`]: `${i}` });
    while (Number.isInteger(statSync(project.at(`data/${i}`)).ctimeMs));
  }
  await tick();
  const first = project.open();
  first.scanSync('data');
  first.close();
  // Truncated without the index noticing: if any of them were read again, the digest would change.
  const names = readdirSync(project.at('data'));
  project.write({ 'data/7': 'seven' });
  const index = new StatIndex(indexFile(project), () => undefined);
  const rows = index.directory('data')!;
  const stale = names.filter(
    (name) => !rows.matches(rows.names.indexOf(name), statSync(project.at(`data/${name}`))),
  );
  expect(stale).toEqual(['7']);
});

test('a file that shrinks to nothing while the project is open is noticed', () => {
  const project = new TestProject();
  project.write({ 'data/a': 'a' });
  const cache = project.open();
  const before = cache.scanSync('data/a');
  truncateSync(project.at('data/a'), 0);
  expect(cache.scanSync('data/a', { again: true })?.digest).not.toBe(before?.digest);
});

function indexFile(project: TestProject): string {
  return filesBelow(project.at('cache/v1/projects')).find((file) =>
    file.endsWith('/index'),
  ) as string;
}

/** Creates a file, a folder, a link or nothing at each of the paths in turn, until it is killed. */
const CHURN = `
const { mkdirSync, rmSync, symlinkSync, writeFileSync } = require('node:fs');
const kinds = [
  (path) => writeFileSync(path, path),
  (path) => { mkdirSync(path); writeFileSync(path + '/inner', ''); },
  (path) => symlinkSync('elsewhere', path),
  () => {},
];
for (let turn = 0; ; turn++) {
  for (const path of process.argv.slice(1)) {
    rmSync(path, { recursive: true, force: true });
    kinds[Math.floor(Math.random() * kinds.length)](path);
  }
  if (turn === 0) process.stdout.write('.');
}`;

test('a path that vanishes or changes its kind during a scan is read again', async () => {
  const project = new TestProject();
  project.write({ 'data/still': 'x' });
  const paths = ['data/a', 'data/b'].map((where) => project.at(where));
  const churn = spawn(process.execPath, ['-e', CHURN, ...paths]);
  await once(churn.stdout, 'data');
  const cache = project.open();
  for (let look = 0; look < 3_000; look++) {
    const options = { again: true, follow: look % 2 === 0 };
    expect(cache.scanSync('data', options)?.digest).toMatch(/^d:/);
    cache.scanSync('data/a', options);
  }
  const gone = once(churn, 'exit');
  churn.kill();
  await gone;
  cache.close();
});
