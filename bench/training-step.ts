/**
 * Times a training step of `deepvision` on a backend, on random images:
 *
 *   npx esbuild bench/training-step.ts --bundle --platform=node --format=esm --packages=external \
 *     --outfile=node_modules/.bench/training-step.mjs
 *   node node_modules/.bench/training-step.mjs <backend> [width] [batch] [steps]
 *
 * The losses it prints depend on the arguments alone, so those of two backends can be compared.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type BackendName, openBackend } from '../stages/lib/backend/choose.js';
import { createNetwork } from '../stages/lib/nn/create.js';
import { countParams, initParams, sizeOf } from '../stages/lib/nn/params.js';
import { createRandom } from '../stages/lib/random.js';
import { ADAM_DEFAULTS, initAdam } from '../stages/lib/train/adam.js';
import { createBatch } from '../stages/lib/train/batch.js';
import { checkConfig } from '../stages/lib/train/config.js';
import { trainStep, type Weights } from '../stages/lib/train/step.js';

const SIZE = 100;
/** Of the paper's train set. */
const EPOCH_IMAGES = 25_000;
/** Forward and backward, of one image at width 1. */
const GFLOP_PER_IMAGE = 11.57;
/** Kernels are compiled and buffers allocated in the first steps. */
const WARM_UP = 2;

const [name = 'auto', width = '0.125', count = '8', timed = '5'] = process.argv.slice(2);
const batchSize = Number(count);

const backend = await openBackend(name as BackendName);
const model = {
  deepvision: { arch: 'deepvision', base: 'code', width: Number(width), occlusions: ['hole'] },
};
const config = checkConfig({ train: {}, model }, { model: 'deepvision', seed: 1 }, ['hole']);
const network = createNetwork(config.model.network, SIZE, 1);
const params = initParams(network.specs, 1);
const trainable = Object.fromEntries(
  network.specs.filter((spec) => spec.trainable).map(({ name }) => [name, params[name]!]),
);
let weights: Weights = { params, adam: initAdam(trainable), ema: undefined };

const random = createRandom(1, 'bench');
const draw = <T>(length: number, value: () => T) => Array.from({ length }, value);
const batch = createBatch(
  {
    size: SIZE,
    channels: 1,
    images: draw(batchSize, () => Uint8Array.from(draw(SIZE ** 2, () => random.int(256)))),
    masks: draw(batchSize, () => new Uint8Array(SIZE ** 2).fill(1, 0, 4000)),
  },
  'black',
);
const noise = tf.tensor(
  draw(batchSize * sizeOf(network.noise), () => random.normal()),
  [batchSize, ...network.noise],
);

const options = {
  adam: { ...ADAM_DEFAULTS, learningRate: 1e-4 },
  loss: config.model.loss,
  klShare: 1,
  ema: 0,
};
console.log(`${backend}: ${countParams(network.specs)} parameters, batch ${batchSize}`);
const times: number[] = [];
for (let step = 0; step < WARM_UP + Number(timed); step++) {
  const start = performance.now();
  const result = trainStep(network, weights, batch, noise, options);
  weights = result.weights;
  const [loss] = await result.loss.total.data(); // waits until everything before it is computed
  times.push(performance.now() - start);
  tf.dispose(Object.values(result.loss));
  console.log(`step ${step + 1}: loss ${loss!.toPrecision(8)}, ${times.at(-1)!.toFixed(1)} ms`);
}

const sorted = times.slice(WARM_UP).sort((a, b) => a - b);
const median = sorted[Math.floor(sorted.length / 2)]!;
const perImage = median / batchSize;
console.log(
  `median ${median.toFixed(1)} ms a step, ${((perImage * EPOCH_IMAGES) / 1000).toFixed(1)} s for 25,000 images`,
);
if (Number(width) === 1) console.log(`${((GFLOP_PER_IMAGE / perImage) * 1000).toFixed(0)} GFLOP/s`);
process.exit(0);
