/**
 * Trains the architectures for a few updates with plain steps on the cpu backend and with recorded
 * ones on WebGPU, in a process of its own; prints a StepperReport.
 */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { registerGradients } from '../../../stages/lib/backend/gradients.js';
import { openWebgpu } from '../../../stages/lib/backend/webgpu.js';
import { createNetwork } from '../../../stages/lib/nn/create.js';
import { checkModel } from '../../../stages/lib/nn/model-config.js';
import type { Network } from '../../../stages/lib/nn/network.js';
import { sizeOf } from '../../../stages/lib/nn/params.js';
import { createRandom } from '../../../stages/lib/random.js';
import { fillBatch } from '../../../stages/lib/train/batch.js';
import { chooseStepper } from '../../../stages/lib/train/choose-stepper.js';
import type { Drawn } from '../../../stages/lib/train/draw.js';
import { initState } from '../../../stages/lib/train/state.js';
import { disposeWeights, type EpochOptions } from '../../../stages/lib/train/stepper.js';

export interface StepperReport {
  /** By architecture. */
  readonly [architecture: string]: {
    /** Mean losses of two epochs of three updates. */
    readonly cpu: readonly number[];
    readonly webgpu: readonly number[];
    /** ‖webgpu − cpu‖ / ‖cpu − start‖ of all weights after them, averages and moments included. */
    readonly distance: number;
    /** Whether a second run on WebGPU gave the same bytes. */
    readonly repeats: boolean;
    /** Tensors left over after everything was disposed. */
    readonly leaked: number;
  };
}

const SIZE = 20;
const COUNT = 2;
const EPOCHS = 2;
const UPDATES = 3;
const MODELS = {
  deepvision: {
    arch: 'deepvision',
    base: 'right',
    padding: 'same',
    width: 0.03,
    hidden: 8,
    latent: 4,
  },
  restorer: { arch: 'restorer', width: 0.15, latent: 2 },
};

function drawAll({ noise }: Network): Drawn[] {
  const random = createRandom(1, 'stepper');
  const draw = <T>(length: number, value: () => T) => Array.from({ length }, value);
  const masks = draw(COUNT, () => new Uint8Array(SIZE ** 2).fill(1, 100, 240));
  return draw(EPOCHS * UPDATES, () => ({
    ...fillBatch(
      {
        size: SIZE,
        channels: 1,
        images: draw(COUNT, () => Uint8Array.from(draw(SIZE ** 2, () => random.int(256)))),
        masks,
      },
      'mean',
    ),
    noise: Float32Array.from(draw(COUNT * sizeOf(noise), () => random.normal())),
  }));
}

async function train(backend: 'cpu' | 'webgpu', model: object) {
  await tf.setBackend(backend);
  const config = checkModel({ ...model, occlusions: ['a'] }, 'model.m', ['a']);
  const network = createNetwork(config.network, SIZE, 1);
  const batches = drawAll(network);
  let { weights } = initState(network, { seed: 1, ema: 0.9 });
  const start = await valuesOf(weights);
  const means: number[] = [];
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const options: EpochOptions = {
      loss: config.loss,
      klShare: (epoch + 1) / 2,
      clip: 0.05,
      ema: 0.9,
      learningRateAt: (step) => 0.01 / step,
    };
    const stepper = chooseStepper(backend)(network, weights, options);
    for (const drawn of batches.slice(epoch * UPDATES, (epoch + 1) * UPDATES)) {
      await stepper.step(drawn);
    }
    const end = stepper.end();
    stepper.dispose();
    weights = end.weights;
    const [total] = await end.losses.total.data();
    means.push(total! / UPDATES);
    tf.dispose(Object.values(end.losses));
  }
  const values = await valuesOf(weights);
  disposeWeights(weights);
  return { start, values, means };
}

async function valuesOf({ params, adam, ema }: Parameters<typeof disposeWeights>[0]) {
  const all: number[] = [];
  for (const tensors of [params, adam.first, adam.second, ema ?? {}]) {
    for (const name of Object.keys(tensors).sort()) all.push(...(await tensors[name]!.data()));
  }
  return all;
}

function norm(values: readonly number[], from: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value, i) => sum + (value - from[i]!) ** 2, 0));
}

registerGradients();
const gpu = await openWebgpu();
if (gpu === null) {
  console.log('null');
} else {
  const report: Record<string, StepperReport[string]> = {};
  for (const [name, model] of Object.entries(MODELS)) {
    const before = tf.memory().numTensors;
    const cpu = await train('cpu', model);
    const first = await train('webgpu', model);
    const second = await train('webgpu', model);
    report[name] = {
      cpu: cpu.means,
      webgpu: first.means,
      distance: norm(first.values, cpu.values) / norm(cpu.values, cpu.start),
      repeats: first.values.every((value, i) => value === second.values[i]),
      leaked: tf.memory().numTensors - before,
    };
  }
  gpu.close();
  console.log(JSON.stringify(report));
}
