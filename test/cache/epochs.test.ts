/** Chains of epochs: committed states, their records, and the states that `keep` drops. */
import { hash } from 'node:crypto';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Cache } from '../../src/cache/cache.js';
import { nameOf } from '../../src/cache/objects/digest.js';
import { filesBelow, TestProject } from './project.js';

const CHAIN = 'c'.repeat(64);

/** What a stage does: builds a folder and renames it. */
function commit(
  cache: Cache,
  epoch: number,
  files: Readonly<Record<string, string | Buffer>>,
): void {
  const folder = cache.chains.commitFolder(CHAIN);
  const draft = path.join(folder, `draft-${epoch}`);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(draft, name)), { recursive: true });
    writeFileSync(path.join(draft, name), content);
  }
  renameSync(draft, path.join(folder, String(epoch)));
}

test('a committed epoch is recorded, its folder deleted, and its state restored read-only', async () => {
  const project = new TestProject();
  const cache = project.open();
  commit(cache, 1, {
    'weights/a.bin': Buffer.alloc(3_000_000, 1),
    'optimiser.json': '{"step":1}',
    'metrics.json': '{"loss":0.5,"val":{"ssim":0.9}}',
  });
  const record = await cache.chains.storeEpoch(CHAIN, 1, 12);
  expect(record).toMatchObject({
    epoch: 1,
    seconds: 12,
    metrics: { loss: 0.5, val: { ssim: 0.9 } },
  });
  expect(cache.chains.readEpochs(CHAIN)).toEqual([record]);
  expect(readdirSync(cache.chains.commitFolder(CHAIN))).toEqual([]);
  expect(cache.chains.hasState(record)).toBe(true);
  const state = await cache.chains.restoreState(CHAIN, 1, project.at('state'));
  expect(readFileSync(path.join(state, 'weights/a.bin')).equals(Buffer.alloc(3_000_000, 1))).toBe(
    true,
  );
  expect(readdirSync(state).sort()).toEqual(['metrics.json', 'optimiser.json', 'weights']);
  expect(statSync(path.join(state, 'optimiser.json')).mode & 0o222).toBe(0);
});

test('a state moves into the cache, and shares no file with what the stage keeps', async () => {
  const project = new TestProject();
  const cache = project.open();
  commit(cache, 1, { moved: 'moved', linked: 'linked' });
  const folder = path.join(cache.chains.commitFolder(CHAIN), '1');
  linkSync(path.join(folder, 'linked'), project.at('elsewhere'));
  const inode = lstatSync(path.join(folder, 'moved')).ino;
  await cache.chains.storeEpoch(CHAIN, 1, 0);
  writeFileSync(project.at('elsewhere'), 'edited');
  const state = await cache.chains.restoreState(CHAIN, 1, project.at('state'));
  expect(readFileSync(path.join(state, 'linked'), 'utf8')).toBe('linked');
  const objects = filesBelow(path.join(cache.layout.chains, CHAIN, 'objects'));
  expect(objects.some((file) => lstatSync(file).ino === inode)).toBe(true);
  expect(lstatSync(path.join(state, 'moved')).ino).not.toBe(inode);
});

test.each([
  ['is removed', (folder: string) => rmSync(folder, { recursive: true })],
  [
    'is emptied',
    (folder: string) => readdirSync(folder).map((name) => rmSync(path.join(folder, name))),
  ],
  [
    'gets other files',
    (folder: string) => {
      for (const name of readdirSync(folder)) {
        writeFileSync(`${folder}.${name}`, 'other');
        renameSync(`${folder}.${name}`, path.join(folder, name));
      }
    },
  ],
  [
    'gets links',
    (folder: string) => {
      for (const name of readdirSync(folder)) {
        rmSync(path.join(folder, name));
        symlinkSync('elsewhere', path.join(folder, name));
      }
    },
  ],
])(
  'a commit that %s at any moment while it is stored is recorded as it was, or refused',
  async (_kind, change) => {
    const files = { a: 'a', b: Buffer.alloc(2_000_000, 2) };
    const ends = new Set<string>();
    for (let pause = 0; pause < 60 && !ends.has('recorded'); pause++) {
      const project = new TestProject();
      const cache = project.open();
      commit(cache, 1, files);
      const storing = cache.chains.storeEpoch(CHAIN, 1, 0).then(
        () => 'recorded',
        (error: Error) => error.message,
      );
      for (let turn = 0; turn < pause; turn++) await Promise.resolve();
      const folder = path.join(cache.chains.commitFolder(CHAIN), '1');
      if (existsSync(folder)) change(folder);
      const end = await storing;
      ends.add(end);
      if (end === 'recorded') {
        const state = await cache.chains.restoreState(CHAIN, 1, project.at('state'));
        expect(readFileSync(path.join(state, 'b')).equals(files.b)).toBe(true);
      } else expect(end).toMatch(/ changed while it was being stored$/);
      for (const object of filesBelow(path.join(cache.layout.chains, CHAIN))) {
        const [, first, rest] = /\/objects\/(\w\w)\/(\w+)$/.exec(object) ?? [];
        if (first !== undefined)
          expect(hash('sha256', readFileSync(object))).toBe(`${first}${rest}`);
      }
    }
    expect(ends.has('recorded')).toBe(true);
    expect(ends.size).toBeGreaterThan(1);
  },
);

test('epochs are read in order, and a missing one leaves a gap', async () => {
  const project = new TestProject();
  const cache = project.open();
  for (const epoch of [2, 10, 1]) {
    commit(cache, epoch, { state: String(epoch) });
    await cache.chains.storeEpoch(CHAIN, epoch, 0);
  }
  expect(cache.chains.readEpochs(CHAIN).map((record) => record.epoch)).toEqual([1, 2, 10]);
});

test('after a kill, the next start finds commits but not drafts', () => {
  const project = new TestProject();
  const first = project.open();
  commit(first, 3, { state: 'three' });
  const folder = first.chains.commitFolder(CHAIN);
  for (const name of ['draft-4', '4.tmp', '0', '007', '1.5']) mkdirSync(path.join(folder, name));
  const next = project.open();
  expect(next.chains.pendingCommits(CHAIN)).toEqual([3]);
  next.chains.clearDrafts(CHAIN);
  expect(readdirSync(next.chains.commitFolder(CHAIN))).toEqual(['3']);
});

test('a dropped state leaves its metrics and the objects of other states', async () => {
  const project = new TestProject();
  const cache = project.open();
  const shared = Buffer.alloc(100_000, 5);
  for (const epoch of [1, 2, 3]) {
    commit(cache, epoch, { shared, own: `own ${epoch}`, 'metrics.json': `{"loss":${1 / epoch}}` });
    await cache.chains.storeEpoch(CHAIN, epoch, 0);
  }
  const before = filesBelow(path.join(cache.layout.chains, CHAIN, 'objects')).length;
  cache.chains.dropStates(CHAIN, [1, 2]);
  const records = cache.chains.readEpochs(CHAIN);
  expect(records.map((record) => cache.chains.hasState(record))).toEqual([false, false, true]);
  expect(records.map((record) => record.metrics)).toEqual([
    { loss: 1 },
    { loss: 0.5 },
    { loss: 1 / 3 },
  ]);
  // For each dropped state: its listing, its own file, its metrics.json.
  expect(filesBelow(path.join(cache.layout.chains, CHAIN, 'objects')).length).toBe(before - 6);
  const state = await cache.chains.restoreState(CHAIN, 3, project.at('state'));
  expect(readFileSync(path.join(state, 'shared')).equals(shared)).toBe(true);
});

test('a damaged state is never restored, but the previous one is', async () => {
  const project = new TestProject();
  const cache = project.open();
  for (const epoch of [1, 2]) {
    commit(cache, epoch, { state: `state ${epoch}` });
    await cache.chains.storeEpoch(CHAIN, epoch, 0);
  }
  const object = filesBelow(path.join(cache.layout.chains, CHAIN, 'objects')).find(
    (file) => readFileSync(file, 'utf8') === 'state 2',
  ) as string;
  rmSync(object);
  writeFileSync(object, 'state 9');
  const next = project.open();
  await expect(next.chains.restoreState(CHAIN, 2, project.at('state'))).rejects.toThrow(
    'is damaged',
  );
  const records = next.chains.readEpochs(CHAIN);
  expect(records.map((record) => next.chains.hasState(record))).toEqual([true, false]);
  expect(
    project
      .open()
      .chains.readEpochs(CHAIN)
      .map((record) => next.chains.hasState(record)),
  ).toEqual([true, false]);
  await next.chains.restoreState(CHAIN, 1, project.at('state'));
  expect(readFileSync(project.at('state/state'), 'utf8')).toBe('state 1');
  commit(next, 2, { state: 'state 2' });
  const again = await next.chains.storeEpoch(CHAIN, 2, 0);
  expect(next.chains.hasState(again)).toBe(true);
});

test.each([
  ['{"loss":', 'is not JSON'],
  ['[1]', 'is not an object'],
  ['{"loss":1,"name":"x","val":{"n":[]}}', 'name, val.n are not numbers'],
])('metrics.json %s causes a warning, and the epoch counts', async (text, words) => {
  const project = new TestProject();
  const cache = project.open();
  commit(cache, 1, { 'metrics.json': text });
  const record = await cache.chains.storeEpoch(CHAIN, 1, 0);
  expect(project.warnings).toHaveLength(1);
  expect(project.warnings[0]).toContain(words);
  expect(record.metrics).toEqual(text.startsWith('{"loss":1') ? { loss: 1, val: {} } : undefined);
});

test('a state that gets a new file or name while it is being stored is not recorded', async () => {
  for (const change of [
    (folder: string) => writeFileSync(path.join(folder, 'late'), ''),
    (folder: string) => rmSync(path.join(folder, 'small')),
    (folder: string) => writeFileSync(path.join(folder, 'small'), 'longer than before'),
  ]) {
    const project = new TestProject();
    const cache = project.open();
    commit(cache, 1, { large: Buffer.alloc(20_000_000, 1), small: 'small' });
    const taking = cache.chains.storeEpoch(CHAIN, 1, 0);
    change(path.join(cache.chains.commitFolder(CHAIN), '1'));
    await expect(taking).rejects.toThrow('changed while it was being stored');
    expect(cache.chains.readEpochs(CHAIN)).toEqual([]);
  }
});

test('a link that the stage creates to a file of its state meanwhile is not a change', async () => {
  const project = new TestProject();
  const cache = project.open();
  commit(cache, 1, { large: Buffer.alloc(20_000_000, 1) });
  const file = path.join(cache.chains.commitFolder(CHAIN), '1', 'large');
  linkSync(file, project.at('kept'));
  const taking = cache.chains.storeEpoch(CHAIN, 1, 0);
  linkSync(file, project.at('linked'));
  await taking;
  expect(cache.chains.readEpochs(CHAIN)).toHaveLength(1);
});

test('many invalid metrics cause one short warning', async () => {
  const project = new TestProject();
  const cache = project.open();
  const odd = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`x${at}`, 'text']));
  commit(cache, 1, { 'metrics.json': JSON.stringify(odd) });
  await cache.chains.storeEpoch(CHAIN, 1, 0);
  expect(project.warnings).toHaveLength(1);
  expect(project.warnings[0]).toContain('x8, x9 and 4990 more are not numbers');
});

test('a commit that is not a folder is refused with a message', async () => {
  const project = new TestProject();
  const cache = project.open();
  writeFileSync(path.join(cache.chains.commitFolder(CHAIN), '1'), '');
  await expect(cache.chains.storeEpoch(CHAIN, 1, 0)).rejects.toThrow(
    'the commit of epoch 1 is not a folder',
  );
});

test('storing a commit again, after a crash that followed its record, changes nothing', async () => {
  const project = new TestProject();
  const cache = project.open();
  commit(cache, 1, { state: 'one' });
  const record = await cache.chains.storeEpoch(CHAIN, 1, 7);
  commit(cache, 1, { state: 'one' });
  expect(await cache.chains.storeEpoch(CHAIN, 1, 0.1)).toEqual(record);
  expect(existsSync(path.join(cache.chains.commitFolder(CHAIN), '1'))).toBe(false);
  expect(nameOf(record.state)).toHaveLength(64);
});
