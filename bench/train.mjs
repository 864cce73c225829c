/**
 * An update of each model beside PyTorch's, on one core: milliseconds of CPU, and their ratio.
 *
 *   python3 -m venv /tmp/torch && /tmp/torch/bin/pip install torch numpy safetensors
 *   node bench/train.mjs [--python /tmp/torch/bin/python] [--backend node] [--models restorer,vae] [--batch 8]
 *
 * Processes in turn (ours, PyTorch, ours, …); each gives the median of its updates, the table the median
 * of the rounds. The first losses of both must agree. Without PyTorch the table has our side alone.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { temporaryFolder } from './lib/measure.mjs';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    backend: { type: 'string', default: 'wasm' },
    models: { type: 'string', default: 'restorer,vae' },
    batch: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '5' },
    updates: { type: 'string', default: '12' },
  },
});
/** Of the first losses, which Adam's first steps spread: both round to float32 in other orders. */
const TOLERANCE = 1e-3;
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
  alias: {
    '@pipe-experiment/data': './packages/data',
    '@pipe-experiment/kernels': './packages/kernels',
  },
});
const folder = temporaryFolder();
const hasTorch = spawnSync(values.python, ['-c', 'import torch, safetensors']).status === 0;
const rows = values.models.split(',').map(measure);
console.log(`## Training

\`node bench/train.mjs --backend ${values.backend} --batch ${values.batch}\`: one core, CPU time of an update, ${hasTorch ? `beside PyTorch ${rows[0].version}` : 'PyTorch is not installed'}

| model | parameters | ours, ms | PyTorch, ms | ratio |
|---|---|---|---|---|
${rows.map(({ cells }) => `| ${cells.join(' | ')} |`).join('\n')}

Goal: ≤ 2.0 with npm packages alone, ≤ 1.5 with TensorFlow's library (\`--backend node\`).`);

function measure(model) {
  const task = path.join(folder, model);
  execFileSync('mkdir', [task]);
  run([process.execPath, OURS, 'dump', task, model, values.batch]);
  const [ours, theirs] = [[], []];
  for (let round = 0; round < Number(values.rounds); round++) {
    ours.push(json([process.execPath, OURS, 'time', task, values.backend, values.updates]));
    if (hasTorch)
      theirs.push(json([values.python, 'bench/lib/torch_training.py', task, values.updates]));
  }
  if (hasTorch) compareLosses(model, ours[0].losses, theirs[0].losses);
  const of = (runs) => median(runs.map(({ cpu }) => median(cpu)));
  const [mine, peer] = [of(ours), hasTorch ? of(theirs) : Number.NaN];
  const shown = hasTorch ? [peer.toFixed(1), (mine / peer).toFixed(2)] : ['–', '–'];
  const parameters = ours[0].parameters.toLocaleString('en');
  return {
    version: theirs[0]?.version,
    cells: [`${model}, batch ${values.batch}`, parameters, mine.toFixed(1), ...shown],
  };
}

function compareLosses(model, ours, theirs) {
  const far = ours.findIndex((loss, i) => Math.abs(loss / theirs[i] - 1) > TOLERANCE);
  if (far >= 0)
    throw new Error(`${model}: the losses differ: ${ours.join(', ')} and ${theirs.join(', ')}`);
}

function run([command, ...args]) {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

function json(argv) {
  return JSON.parse(run(argv).trim().split('\n').at(-1));
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}
