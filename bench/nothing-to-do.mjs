/**
 * What a run with nothing to do costs: `node bench/nothing-to-do.mjs`. Whole processes, in turn with
 * `node empty.cjs`, medians of nine; NODE_EXTRA_CA_CERTS unset for both.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROUNDS = 9;
const { NODE_EXTRA_CA_CERTS: _unset, ...env } = process.env;
const pipe = path.resolve('bin/pipe.cjs');
const work = mkdtempSync(path.join(process.env.BENCH_TMP ?? tmpdir(), 'pipe-bench-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));
const empty = path.join(work, 'empty.cjs');
writeFileSync(empty, '');

console.log('| nothing to do | pipe run, ms | node empty.cjs, ms | ratio |');
console.log('|---|---|---|---|');
for (const items of [3, 1000, 10_000]) {
  const folder = mkdtempSync(path.join(work, 'project-'));
  const names = Array.from({ length: items }, (_, at) => `i${at}`);
  const stages = names.map(
    (name) => `  ${name}: { cmd: 'echo ${name} > ${name}.txt', outs: [${name}.txt] }`,
  );
  writeFileSync(path.join(folder, 'pipeline.yaml'), `stages:\n${stages.join('\n')}\n`);
  run([pipe, 'run'], folder);
  run([pipe, 'run'], folder);
  const ours = [];
  const floor = [];
  for (let round = 0; round < ROUNDS; round++) {
    floor.push(run([empty], folder));
    ours.push(run([pipe, 'run'], folder));
  }
  const [a, b] = [median(ours), median(floor)];
  console.log(`| ${items} items | ${a.toFixed(0)} | ${b.toFixed(0)} | ${(a / b).toFixed(2)} |`);
}

function run(args, cwd) {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd, env });
  if (status !== 0) throw new Error(`${args.join(' ')} failed: ${stderr}`);
  return performance.now() - started;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
