/**
 * Our side of bench/train.mjs: times updates of a model of pipeline.yaml on one batch.
 *
 * our-training.mjs dump <folder> <model> <batch>      writes the first weights, a batch and the configuration
 * our-training.mjs time <folder> <backend> <updates>
 *   prints a line of JSON: losses, milliseconds of CPU and of wall time for each update
 * our-training.mjs scale <folder> <backend> <updates> <threads>
 *   in turn on one thread and on more, each time from the first weights: milliseconds of wall time of the
 *   updates of each turn, and digests of the last weights
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { writeJson } from '@pipe-experiment/data/json.js';
import { createRandom } from '@pipe-experiment/data/random.js';
import { type BackendName, openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { countParams, sizeOf } from '@pipe-experiment/networks/params.js';
import { writeParams } from '@pipe-experiment/networks/tensor-files.js';
import { chooseStepper } from '@pipe-experiment/networks/training/choose-stepper.js';
import { disposeWeights, type Weights } from '@pipe-experiment/networks/training/step.js';
import type { Team } from '@pipe-experiment/networks/training/team.js';
import { toTensors } from '@pipe-experiment/networks/training/values.js';
import * as tf from '@tensorflow/tfjs-core';
import { parse } from 'yaml';
import { createNetwork } from '../../stages/lib/nn/create.js';
import { fillBatch } from '../../stages/lib/train/batch.js';
import { checkConfig } from '../../stages/lib/train/config.js';
import { objectiveOf, valuesOf } from '../../stages/lib/train/objective.js';
import { startShardThreads } from '../../stages/lib/train/shard-threads.js';
import { initState } from '../../stages/lib/train/state.js';

const SIZE = 100;
/** The side of the hole, and where it begins. */
const HOLE = 40;
const FROM = 30;
/** Updates whose losses are printed. */
const COMPARED = 3;
/** Updates before the clock starts: so long V8 compiles, in threads that take a core from a team. */
const WARM_UP = 60;
/** The same in turns, and the turns that count. */
const WARM_UP_TURNS = 3;
const TURNS = 9;

interface Task {
  readonly model: string;
  readonly batch: number;
}

const [mode, folder = '', ...rest] = process.argv.slice(2);
// Threads of a team load this file too, to serve alone.
if (isMainThread) {
  if (mode === 'dump') await dump({ model: rest[0]!, batch: Number(rest[1]) });
  else {
    const training = await open(rest[0] as BackendName);
    const updates = Number(rest[1]);
    const result =
      mode === 'time'
        ? await time(training, updates)
        : await scale(training, updates, Number(rest[2]));
    console.log(JSON.stringify(result));
  }
  process.exit(0);
}

async function dump(task: Task): Promise<void> {
  await openBackend('cpu');
  const { config, network, values } = prepare(task);
  const { weights } = initState(network, config.train);
  await writeParams(join(folder, 'weights.safetensors'), weights.params);
  await writeParams(join(folder, 'batch.safetensors'), toTensors(values));
  writeJson(join(folder, 'config.json'), { ...config, task });
}

type Training = Awaited<ReturnType<typeof open>>;

async function open(name: BackendName) {
  const { task } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as { task: Task };
  return { backend: await openBackend(name), ...prepare(task) };
}

async function time(training: Training, updates: number) {
  let { weights } = initState(training.network, training.config.train);
  const losses: number[] = [];
  const next = async (count: number) => {
    const end = await run(training, weights, count);
    weights = end.weights;
    return end;
  };
  for (let i = 0; i < COMPARED; i++) losses.push((await next(1)).loss);
  await next(WARM_UP);
  const { cpu, wall } = await next(updates);
  return { parameters: countParams(training.network.specs), losses, cpu, wall };
}

/** Both take turns in one process, so that what else the machine does is the same for both. */
async function scale(training: Training, updates: number, threads: number) {
  const { backend, config, network } = training;
  const input = { backend, network: config.model.network, size: SIZE, channels: 1 };
  const teams = [1, threads].map((count) => startShardThreads(input, threads, count));
  const walls = teams.map((): number[][] => []);
  const digests = new Set<string>();
  for (let turn = -WARM_UP_TURNS; turn < TURNS; turn++) {
    for (const [i, team] of teams.entries()) {
      const { weights } = initState(network, config.train);
      const { wall, weights: last } = await run(training, weights, updates, team);
      digests.add(digestOf(last));
      disposeWeights(last);
      // The first update is recorded.
      if (turn >= 0) walls[i]!.push(wall.slice(1));
    }
  }
  return { walls, digests: [...digests] };
}

async function run(
  { backend, config, network, values }: Training,
  start: Weights,
  count: number,
  team?: Team,
) {
  const objective = objectiveOf(network, { loss: config.model.loss, klShare: 1 });
  const stepper = (team?.startStepper ?? chooseStepper(backend))(objective, start, {
    clip: config.train.clip,
    ema: config.train.ema,
    learningRateAt: () => config.train.learningRate,
  });
  const cpu: number[] = [];
  const wall: number[] = [];
  for (let i = 0; i < count; i++) {
    const begun = performance.now();
    const before = process.cpuUsage();
    await stepper.step(values);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1000);
    wall.push(performance.now() - begun);
  }
  const { weights, losses } = await stepper.end();
  const [loss] = await losses.total.data();
  tf.dispose(losses);
  return { weights, cpu, wall, loss: loss! };
}

function digestOf({ params }: Weights): string {
  const hash = createHash('sha256');
  for (const tensor of Object.values(params)) hash.update(tensor.dataSync() as Float32Array);
  return hash.digest('hex');
}

function prepare({ model, batch }: Task) {
  const { params } = parse(readFileSync('pipeline.yaml', 'utf8'), { merge: true });
  const config = checkConfig(params, { model, seed: 1 }, Object.keys(params.occlusions));
  const network = createNetwork(config.model.network, SIZE, 1);
  const random = createRandom(1, 'bench');
  const many = <T>(count: number, make: () => T) => Array.from({ length: count }, make);
  const hole = new Uint8Array(SIZE ** 2);
  for (let row = FROM; row < FROM + HOLE; row++) {
    hole.fill(1, row * SIZE + FROM, row * SIZE + FROM + HOLE);
  }
  const images = many(batch, () => Uint8Array.from(many(SIZE ** 2, () => random.int(256))));
  const examples = { size: SIZE, channels: 1, images, masks: many(batch, () => hole) };
  const noise = Float32Array.from(many(batch * sizeOf(network.noise), () => random.normal()));
  const drawn = { ...fillBatch(examples, config.model.prefill), noise };
  return { config, network, values: valuesOf(drawn, network.noise) };
}
