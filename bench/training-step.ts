/**
 * Times a training step on a backend, on random images:
 *
 *   npx esbuild bench/training-step.ts --bundle --platform=node --format=esm --packages=external --loader:.wasm=binary --target=node20 \
 *     --alias:@pipe-experiment=./packages \
 *     --outfile=node_modules/.bench/training-step.mjs
 *   node node_modules/.bench/training-step.mjs <backend> [deepvision|restorer] [width] [batch] [steps] [profile]
 *
 * The losses it prints depend on the arguments alone, so those of two backends can be compared. With
 * `profile` it ends with the kernels of a step by their time (webgpu alone).
 */

import { createRandom } from '@pipe-experiment/data/random.js';
import { type BackendName, openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { countParams, sizeOf } from '@pipe-experiment/networks/params.js';
import { chooseStepper } from '@pipe-experiment/networks/training/choose-stepper.js';
import type { Stepper } from '@pipe-experiment/networks/training/stepper.js';
import * as tf from '@tensorflow/tfjs-core';
import { createNetwork } from '../stages/lib/nn/create.js';
import { fillBatch } from '../stages/lib/train/batch.js';
import { checkConfig } from '../stages/lib/train/config.js';
import { objectiveOf, valuesOf } from '../stages/lib/train/objective.js';
import { initState } from '../stages/lib/train/state.js';

const SIZE = 100;
/** Of the paper's train set. */
const EPOCH_IMAGES = 25_000;
/** Forward and backward, of one image: deepvision at width 1. */
const GFLOP_PER_IMAGE = 11.57;
/** Kernels are compiled and buffers allocated in the first updates. */
const WARM_UP = 4;
const KERNELS_SHOWN = 60;

const [name = 'auto', arch = 'deepvision', width = '0.125', count = '8', timed = '5', profile] =
  process.argv.slice(2);
const length = Number(count);

const backend = await openBackend(name as BackendName);
const switches = arch === 'deepvision' ? { base: 'code' } : {};
const model = { [arch]: { arch, ...switches, width: Number(width), occlusions: ['hole'] } };
const config = checkConfig(
  { train: { ema: arch === 'restorer' ? 0.998 : 0, learningRate: 1e-4 }, model },
  { model: arch, seed: 1 },
  ['hole'],
);
const network = createNetwork(config.model.network, SIZE, 1);
const { weights } = initState(network, config.train);

const random = createRandom(1, 'bench');
const draw = <T>(length: number, value: () => T) => Array.from({ length }, value);
const values = valuesOf(
  {
    ...fillBatch(
      {
        size: SIZE,
        channels: 1,
        images: draw(length, () => Uint8Array.from(draw(SIZE ** 2, () => random.int(256)))),
        masks: draw(length, () => new Uint8Array(SIZE ** 2).fill(1, 3000, 4000)),
      },
      config.model.prefill,
    ),
    noise: Float32Array.from(draw(length * sizeOf(network.noise), () => random.normal())),
  },
  network.noise,
);

const objective = objectiveOf(network, { loss: config.model.loss, klShare: 1 });
const options = {
  clip: config.train.clip,
  ema: config.train.ema,
  learningRateAt: () => config.train.learningRate,
};
console.log(`${backend}: ${arch}, ${countParams(network.specs)} parameters, batch ${length}`);
let stepper: Stepper = chooseStepper(backend)(objective, weights, options);
const run = async (updates: number) => {
  const start = performance.now();
  const before = process.cpuUsage();
  for (let i = 0; i < updates; i++) await stepper.step(values);
  const end = await stepper.end();
  // Waits until everything before it is computed.
  const [total] = await end.losses.total.data();
  const spent = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  const cpu = (user + system) / 1000;
  tf.dispose(Object.values(end.losses));
  stepper.dispose();
  stepper = chooseStepper(backend)(objective, end.weights, options);
  return { loss: total! / updates, spent, cpu };
};

const first = await run(WARM_UP);
console.log(
  `${WARM_UP} updates: mean loss ${first.loss.toPrecision(8)}, ${first.spent.toFixed(0)} ms`,
);
// Two lengths, so that what comes once (the recording, reading the losses) can be taken away.
const updates = Number(timed);
const short = await run(WARM_UP);
const long = await run(WARM_UP + updates);
const milliseconds = (long.spent - short.spent) / updates;
const cpu = (long.cpu - short.cpu) / updates;
const perImage = milliseconds / length;
console.log(
  `mean loss ${long.loss.toPrecision(8)}; ${milliseconds.toFixed(2)} ms an update (${cpu.toFixed(2)} ms of CPU), ${perImage.toFixed(4)} ms an image, ${((perImage * EPOCH_IMAGES) / 1000).toFixed(1)} s for 25,000 images`,
);
console.log(`what comes once an epoch: ${(short.spent - WARM_UP * milliseconds).toFixed(0)} ms`);
if (arch === 'deepvision' && width === '1')
  console.log(`${((GFLOP_PER_IMAGE / perImage) * 1000).toFixed(0)} GFLOP/s`);
if (profile) {
  await stepper.step(values);
  const timings = (await stepper.time?.(20)) ?? [];
  const all = timings.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const byLabel = new Map<string, { times: number; milliseconds: number }>();
  for (const { label, milliseconds } of timings) {
    const { times = 0, milliseconds: before = 0 } = byLabel.get(label) ?? {};
    byLabel.set(label, { times: times + 1, milliseconds: before + milliseconds });
  }
  console.log(`${timings.length} dispatches, ${all.toFixed(2)} ms one by one`);
  for (const [label, { times, milliseconds }] of [...byLabel]
    .sort(([, a], [, b]) => b.milliseconds - a.milliseconds)
    .slice(0, KERNELS_SHOWN)) {
    console.log(`${milliseconds.toFixed(3).padStart(9)} ms  ${times} × ${label}`);
  }
}
process.exit(0);
