/**
 * Our side of bench/train.mjs: times updates of a model of pipeline.yaml on one batch.
 *
 * our-training.mjs dump <folder> <model> <batch>      writes the first weights, a batch and the configuration
 * our-training.mjs time <folder> <backend> <updates> [shards] [threads]
 *   prints a line of JSON: losses, milliseconds of CPU and of wall time for each update, a digest of the weights
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
import type { Weights } from '@pipe-experiment/networks/training/step.js';
import { toTensors } from '@pipe-experiment/networks/training/values.js';
import type * as tf from '@tensorflow/tfjs-core';
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

interface Task {
  readonly model: string;
  readonly batch: number;
}

const [mode, folder = '', ...rest] = process.argv.slice(2);
// Threads of a team load this file too, to serve alone.
if (isMainThread) {
  if (mode === 'dump') await dump({ model: rest[0]!, batch: Number(rest[1]) });
  else
    await time(rest[0] as BackendName, ...(rest.slice(1).map(Number) as [number, number, number]));
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

async function time(name: BackendName, updates: number, shards = 1, threads = 1): Promise<void> {
  const { task } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as { task: Task };
  const backend = await openBackend(name);
  const { config, network, values } = prepare(task);
  let { weights } = initState(network, config.train);
  const input = { backend, network: config.model.network, size: SIZE, channels: 1 };
  const team = shards > 1 ? startShardThreads(input, shards, threads) : undefined;
  const objective = objectiveOf(network, { loss: config.model.loss, klShare: 1 });
  const run = async (count: number) => {
    const stepper = chooseStepper(backend, team?.startPasses)(objective, weights, {
      clip: config.train.clip,
      ema: config.train.ema,
      learningRateAt: () => config.train.learningRate,
    });
    const spent: number[] = [];
    const wall: number[] = [];
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      const before = process.cpuUsage();
      await stepper.step(values);
      const { user, system } = process.cpuUsage(before);
      spent.push((user + system) / 1000);
      wall.push(performance.now() - start);
    }
    const end: { weights: Weights; losses: { total: tf.Scalar } } = stepper.end();
    weights = end.weights;
    const [loss] = await end.losses.total.data();
    return { spent, wall, loss: loss! };
  };
  const losses: number[] = [];
  for (let i = 0; i < COMPARED; i++) losses.push((await run(1)).loss);
  await run(WARM_UP);
  const { spent, wall } = await run(updates);
  const hash = createHash('sha256');
  for (const tensor of Object.values(weights.params))
    hash.update(tensor.dataSync() as Float32Array);
  const parameters = countParams(network.specs);
  console.log(JSON.stringify({ parameters, losses, cpu: spent, wall, digest: hash.digest('hex') }));
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
