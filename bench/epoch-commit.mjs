/**
 * What committing an epoch costs: `node bench/epoch-commit.mjs [sizes in MB]`. For each size five
 * states of random bytes are stored as the runner does it, each compared with `cp` of the same file; medians.
 * The peak memory is that of this process, which holds nothing but the cache.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { median } from './lib/measure.mjs';

const SIZES_MB = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10, 100, 1000];
const ROUNDS = 5;

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
mkdirSync(path.join(work, 'project'));
const cache = openCache({ project: path.join(work, 'project'), warn: console.error });

console.log(
  '## Committing an epoch\n\n`node bench/epoch-commit.mjs`: a state of random bytes, compared with `cp` of the same file\n',
);
console.log('| state | commit, s | cp, s | ratio | bytes kept for an epoch | peak memory |');
console.log('|---|---|---|---|---|---|');
for (const megabytes of SIZES_MB) {
  const chain = `${megabytes}`.padStart(64, '0');
  const commits = [];
  const copies = [];
  let size = 0;
  for (let epoch = 1; epoch <= ROUNDS; epoch++) {
    const draft = path.join(cache.chains.commitFolder(chain), 'draft');
    mkdirSync(draft);
    const state = path.join(draft, 'state.bin');
    execFileSync('sh', ['-c', `head -c ${megabytes * 1e6} /dev/urandom > "${state}"`]);
    const copy = path.join(work, 'copy.bin');
    copies.push(await seconds(() => execFileSync('cp', [state, copy])));
    rmSync(copy);
    renameSync(draft, path.join(cache.chains.commitFolder(chain), String(epoch)));
    commits.push(
      await seconds(async () => {
        ({ size } = await cache.chains.storeEpoch(chain, epoch, 0));
      }),
    );
    cache.chains.dropStates(chain, [epoch]);
  }
  const [commit, copied] = [median(commits), median(copies)];
  console.log(
    `| ${megabytes} MB | ${commit.toFixed(3)} | ${copied.toFixed(3)} | ${(commit / copied).toFixed(2)} | ${size} | ${peakMegabytes()} MB |`,
  );
}
cache.close();

async function seconds(work) {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** High water mark of the resident memory, as Linux counts it. */
function peakMegabytes() {
  const [, kilobytes] = /VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1000);
}
