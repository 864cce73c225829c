/**
 * What the cache costs, compared with the simplest code that does the same to the disk: `node bench/cache.mjs`.
 * Ratios of medians, each pair measured in turn in one process; the files are made in a temporary folder.
 */
import { spawnSync } from 'node:child_process';
import { createHash, hash } from 'node:crypto';
import {
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { median } from './lib/measure.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const FILES = Number(process.env.FILES ?? 27_000);
const BIG = Number(process.env.BIG_MB ?? 1_024) << 20;

const work = mkdtempSync(path.join(process.env.BENCH_TMP ?? tmpdir(), 'pipe-bench-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));
const bundle = path.join(work, 'cache.mjs');
await build({
  entryPoints: ['src/cache/cache.ts'],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  logLevel: 'error',
});
const { openCache } = await import(pathToFileURL(bundle).href);
const project = path.join(work, 'project');
const open = () => openCache({ project, warn: (message) => console.error(message) });

makeFiles(path.join(project, 'data'), FILES);
makeFiles(path.join(project, 'out'), FILES);
const rows = [];

await compare('no-op scan of two directories', 2, plainStat, scanAll, warmUp);
await compare('first hashing of one directory', 1.5, plainHash, scanOne, forgetIndex);
await oneChanged();
await restoreMany();
await restoreBig();
await storeTiny();
await hashingWhole();
console.log(
  '## The cache\n\n`node bench/cache.mjs`: compared with the simplest code that does the same, in one process\n',
);
console.log('| work | plain, ms | pipe, ms | ratio | goal |\n|---|---|---|---|---|');
for (const row of rows) console.log(`| ${row.join(' | ')} |`);

function makeFiles(folder, count) {
  for (let i = 0; i < count; i++) {
    const sub = path.join(folder, String(i % 27));
    if (i < 27) mkdirSync(sub, { recursive: true });
    writeFileSync(
      path.join(sub, `${i}.bin`),
      createHash('sha512').update(`${folder} ${i}`).digest('hex').repeat(32),
    );
  }
}

/** Both in turn, so that what else the machine does falls on both. */
async function compare(name, goal, plain, ours, prepare = () => undefined) {
  const times = { plain: [], ours: [] };
  await prepare();
  await plain();
  for (let round = 0; round < ROUNDS; round++) {
    await prepare('plain');
    times.plain.push(await timed(plain));
    await prepare('ours');
    times.ours.push(await timed(ours));
  }
  note(name, goal, times.plain, times.ours);
}

function note(name, goal, plain, ours) {
  const [a, b] = [median(plain), median(ours)];
  rows.push([name, a.toFixed(2), b.toFixed(2), (b / a).toFixed(2), `≤ ${goal}`]);
}

async function timed(act) {
  globalThis.gc?.();
  const start = performance.now();
  await act();
  return performance.now() - start;
}

function walk(folder, visit) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const inner = `${folder}/${entry.name}`;
    if (entry.isDirectory()) walk(inner, visit);
    else visit(inner);
  }
}

function plainStat() {
  for (const name of ['data', 'out']) walk(path.join(project, name), (file) => lstatSync(file));
}

function plainHash() {
  walk(path.join(project, 'data'), (file) => hash('sha256', readFileSync(file)));
}

function scanAll() {
  const cache = open();
  cache.scanSync('data', { follow: true });
  cache.scanSync('out');
  cache.close();
}

function scanOne() {
  const cache = open();
  cache.scanSync('data');
  cache.close();
}

/** Twice: the first leaves out what was written this instant. */
function warmUp() {
  scanAll();
  scanAll();
}

function forgetIndex() {
  rmSync(path.join(project, 'cache/v1/projects'), { recursive: true, force: true });
}

async function oneChanged() {
  const times = { plain: [], ours: [] };
  warmUp();
  for (let round = 0; round < ROUNDS; round++) {
    times.plain.push(await timed(scanOne));
    const file = path.join(project, 'data/7/7.bin');
    writeFileSync(file, `round ${round}`);
    const then = new Date(Date.now() - 60_000);
    utimesSync(file, then, then);
    spawnSync('sleep', ['0.05']);
    times.ours.push(await timed(scanOne));
  }
  note('one of them changed, compared with the no-op', 1.2, times.plain, times.ours);
}

async function restoreMany() {
  const { digest } = await open().outs.store('out');
  const times = { plain: [], ours: [] };
  for (let round = 0; round < ROUNDS; round++) {
    // New places each time: files that are made soon after others were deleted cost many times more.
    times.plain.push(
      await timed(() =>
        spawnSync('cp', ['-r', path.join(project, 'out'), path.join(work, `cp-${round}`)]),
      ),
    );
    const cache = open();
    times.ours.push(await timed(() => cache.outs.restore({ digest }, `again/${round}`)));
    cache.close();
  }
  note(`restore of ${FILES} files, compared with cp -r`, 2, times.plain, times.ours);
}

async function restoreBig() {
  const file = path.join(project, 'big.bin');
  const chunk = Buffer.alloc(1 << 20);
  for (let at = 0; at < BIG; at += chunk.length) {
    chunk.fill(at >> 20);
    writeFileSync(file, chunk, { flag: 'a' });
  }
  const storing = [];
  const copying = [];
  let digest;
  for (let round = 0; round < ROUNDS; round++) {
    copying.push(await timed(() => spawnSync('cp', [file, path.join(work, 'stored')])));
    rmSync(path.join(work, 'stored'));
    const cache = openCache({
      project,
      folder: path.join(work, `store-${round}`),
      warn: console.error,
    });
    storing.push(
      await timed(async () => {
        ({ digest } = await cache.outs.store('big.bin'));
      }),
    );
    cache.close();
    rmSync(path.join(work, `store-${round}`), { recursive: true });
  }
  note('storing one large file, compared with cp', 1.2, copying, storing);
  await open().outs.store('big.bin');
  const times = { plain: [], ours: [] };
  for (let round = 0; round < ROUNDS; round++) {
    times.plain.push(await timed(() => spawnSync('cp', [file, path.join(work, 'copy')])));
    rmSync(path.join(work, 'copy'));
    const cache = open();
    times.ours.push(await timed(() => cache.outs.restore({ digest }, 'back.bin')));
    cache.close();
    rmSync(path.join(project, 'back.bin'));
  }
  note('restore of one large file, compared with cp', 1.2, times.plain, times.ours);
}

async function storeTiny() {
  const count = 1_000;
  const times = { plain: [], ours: [] };
  for (let round = 0; round < ROUNDS; round++) {
    const folder = path.join(project, `tiny-${round}`);
    mkdirSync(folder);
    for (let i = 0; i < count; i++) writeFileSync(path.join(folder, `${i}`), `${round} ${i}`);
    times.plain.push(
      (await timed(() => writeFourEach(path.join(work, `plain-${round}`), count))) / count,
    );
    const cache = open();
    times.ours.push((await timed(() => storeEach(cache, round, count))) / count);
    cache.close();
  }
  note(
    'store, record and note one tiny out, compared with writing four files',
    2,
    times.plain,
    times.ours,
  );
}

/** An object, a record, a note of the item, a note of the path: each written aside and renamed into a folder of 256. */
function writeFourEach(folder, count) {
  mkdirSync(folder);
  for (let shard = 0; shard < 256; shard++)
    mkdirSync(path.join(folder, shard.toString(16).padStart(2, '0')));
  for (let i = 0; i < 4 * count; i++) {
    const name = hash('sha256', `${i}`);
    writeFileSync(path.join(folder, 'draft'), 'x'.repeat(500));
    renameSync(path.join(folder, 'draft'), path.join(folder, name.slice(0, 2), name));
  }
}

async function storeEach(cache, round, count) {
  const code = { kind: 'command', command: 'x', scripts: {} };
  const manifest = { format: 1, code, params: {}, env: {}, deps: {}, outs: ['o'] };
  for (let i = 0; i < count; i++) {
    const out = { name: 'o', ...(await cache.outs.store(`tiny-${round}/${i}`)) };
    const key = hash('sha256', `${round} ${i}`);
    const record = {
      format: 1,
      key,
      item: `tiny@${i}`,
      manifest,
      files: {},
      outs: [out],
      seconds: 0.1,
    };
    await cache.writeRecord(record);
    cache.state.writeLast(record.item, record);
  }
}

async function hashingWhole() {
  const plain = () => {
    const buffer = Buffer.allocUnsafeSlow(1 << 20);
    walk(path.join(project, 'cache/v1/objects'), (file) => {
      const handle = openSync(file, 'r');
      const sum = createHash('sha256');
      let count = readSync(handle, buffer);
      for (; count > 0; count = readSync(handle, buffer)) sum.update(buffer.subarray(0, count));
      sum.digest();
      closeSync(handle);
    });
  };
  const times = { plain: [], ours: [] };
  for (let round = 0; round < Math.min(3, ROUNDS); round++) {
    times.plain.push(await timed(plain));
    times.ours.push(await timed(() => open().upkeep.verify()));
  }
  note('verify, compared with hashing all in one thread', 1, times.plain, times.ours);
}
