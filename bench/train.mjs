/**
 * An update of each model compared with PyTorch's, on one core: milliseconds of CPU, and their ratio.
 *
 *   python3 -m venv /tmp/torch && /tmp/torch/bin/pip install torch numpy safetensors
 *   node bench/train.mjs [--python /tmp/torch/bin/python] [--backend node] [--models restorer,vae] [--batch 8]
 *
 * With `--threads 2` it measures our side alone: batches in two shards on one thread and on two, in turns
 * of `--updates` updates within one process, in wall time. It says whether the weights have the same bytes.
 * Beside it stands what the machine gives: two processes of one thread at once, compared with one after the
 * other.
 *
 * Processes in turn (ours, PyTorch, ours, …); each gives the median of its updates, the table the median
 * of the rounds. The first losses of both must agree. Without PyTorch the table has our side alone.
 */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { build } from 'esbuild';
import { median, temporaryFolder } from './lib/measure.mjs';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    backend: { type: 'string', default: 'wasm' },
    models: { type: 'string', default: 'restorer,vae' },
    batch: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '5' },
    updates: { type: 'string', default: '12' },
    threads: { type: 'string' },
  },
});
/** Of the first losses, which Adam's first steps spread: both round to float32 in other orders. */
const TOLERANCE = 1e-3;
/** TensorFlow would take all cores. */
const ONE_CORE = { TF_NUM_INTRAOP_THREADS: '1', TF_NUM_INTEROP_THREADS: '1', OMP_NUM_THREADS: '1' };
const OURS = 'node_modules/.bench/our-training.mjs';

await build({
  entryPoints: ['bench/lib/our-training.ts'],
  outfile: OURS,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  loader: { '.wasm': 'binary' },
  alias: { '@pipe-experiment': './packages' },
});
const folder = temporaryFolder();
const hasTorch = spawnSync(values.python, ['-c', 'import torch, safetensors']).status === 0;
const models = values.models.split(',');
if (values.threads !== undefined) await scale(Number(values.threads));
else comparePeers();

function comparePeers() {
  const rows = models.map(measure);
  console.log(`## Training

\`node bench/train.mjs --backend ${values.backend} --batch ${values.batch}\`: one core, CPU time of an update, ${hasTorch ? `compared with PyTorch ${rows[0].version}` : 'PyTorch is not installed'}

| model | parameters | ours, ms | PyTorch, ms | ratio |
|---|---|---|---|---|
${rows.map(({ cells }) => `| ${cells.join(' | ')} |`).join('\n')}

Goal: ≤ 2.0 with npm packages alone, ≤ 1.5 with TensorFlow's library (\`--backend node\`).`);
}

async function scale(threads) {
  console.log(
    `| model | 1 thread, ms | ${threads} threads, ms | speed-up | of ${threads} processes | weights |\n|---|---|---|---|---|---|`,
  );
  for (const model of models) {
    const task = prepare(model);
    const rounds = [];
    const gains = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      rounds.push(ours('scale', task, `${threads}`));
      const alone = median(ours('time', task).wall);
      gains.push((threads * alone) / (await timeBeside(task, threads)));
    }
    const turns = rounds.flatMap(({ walls: [one, many] }) =>
      one.map((wall, i) => [median(wall), median(many[i])]),
    );
    const [one, many] = [0, 1].map((at) => median(turns.map((turn) => turn[at])).toFixed(1));
    const ratio = median(turns.map(([alone, together]) => alone / together)).toFixed(2);
    const same = new Set(rounds.flatMap(({ digests }) => digests)).size === 1;
    console.log(
      `| ${model}, batch ${values.batch} in ${threads} shards | ${one} | ${many} | ${ratio} × | ${median(gains).toFixed(2)} × | ${same ? 'the same bytes' : 'DIFFERENT'} |`,
    );
  }
}

function prepare(model) {
  const task = path.join(folder, model);
  mkdirSync(task);
  run([process.execPath, OURS, 'dump', task, model, values.batch]);
  return task;
}

function ours(mode, task, ...others) {
  return json(command(mode, task, ...others));
}

function command(mode, task, ...others) {
  return [process.execPath, OURS, mode, task, values.backend, values.updates, ...others];
}

/** Milliseconds of an update in one of `count` processes at once. */
async function timeBeside(task, count) {
  const [node, ...args] = command('time', task);
  const runs = Array.from({ length: count }, () => promisify(execFile)(node, args));
  const ended = await Promise.all(runs);
  return median(
    ended.map(({ stdout }) => median(JSON.parse(stdout.trim().split('\n').at(-1)).wall)),
  );
}

function measure(model) {
  const task = prepare(model);
  const [mine, theirs] = [[], []];
  for (let round = 0; round < Number(values.rounds); round++) {
    mine.push(ours('time', task));
    if (hasTorch)
      theirs.push(json([values.python, 'bench/lib/torch_training.py', task, values.updates]));
  }
  if (hasTorch) compareLosses(model, mine[0].losses, theirs[0].losses);
  const of = (runs) => median(runs.map(({ cpu }) => median(cpu)));
  const [own, peer] = [of(mine), hasTorch ? of(theirs) : Number.NaN];
  const shown = hasTorch ? [peer.toFixed(1), (own / peer).toFixed(2)] : ['–', '–'];
  const parameters = mine[0].parameters.toLocaleString('en');
  return {
    version: theirs[0]?.version,
    cells: [`${model}, batch ${values.batch}`, parameters, own.toFixed(1), ...shown],
  };
}

function compareLosses(model, ours, theirs) {
  const far = ours.findIndex((loss, i) => Math.abs(loss / theirs[i] - 1) > TOLERANCE);
  if (far >= 0)
    throw new Error(`${model}: the losses differ: ${ours.join(', ')} and ${theirs.join(', ')}`);
}

function run([command, ...args]) {
  return execFileSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, ...ONE_CORE },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function json(argv) {
  return JSON.parse(run(argv).trim().split('\n').at(-1));
}
