/**
 * Trains networks for a few updates with plain steps on the cpu backend and with recorded ones on
 * WebGPU, in its own process; prints a StepperReport.
 */
import '@tensorflow/tfjs-backend-cpu';
import { createRandom } from '@pipe-experiment/data/random.js';
import { registerGradients } from '@pipe-experiment/kernels/gradients.js';
import { openWebgpu } from '@pipe-experiment/kernels/webgpu.js';
import { batchNorm, batchNormSpecs, type Moments } from '@pipe-experiment/networks/batchnorm.js';
import { dense, denseSpecs } from '@pipe-experiment/networks/layers.js';
import { sizeOf } from '@pipe-experiment/networks/params.js';
import { chooseStepper } from '@pipe-experiment/networks/training/choose-stepper.js';
import { disposeWeights } from '@pipe-experiment/networks/training/step.js';
import type { EpochOptions } from '@pipe-experiment/networks/training/stepper.js';
import * as tf from '@tensorflow/tfjs-core';
import { createNetwork } from '../../../stages/lib/nn/create.js';
import type { LossConfig } from '../../../stages/lib/nn/losses.js';
import { checkModel } from '../../../stages/lib/nn/model-config.js';
import type { Network } from '../../../stages/lib/nn/network.js';
import type { Prefill } from '../../../stages/lib/nn/prefill.js';
import { fillBatch } from '../../../stages/lib/train/batch.js';
import type { Drawn } from '../../../stages/lib/train/draw.js';
import { objectiveOf, valuesOf } from '../../../stages/lib/train/objective.js';
import { initState } from '../../../stages/lib/train/state.js';

export interface StepperReport {
  /** By network. */
  readonly [network: string]: {
    /** Mean losses of two epochs of three updates. */
    readonly cpu: readonly number[];
    readonly webgpu: readonly number[];
    /** ‖webgpu − cpu‖ / ‖cpu − start‖ of all weights after them, averages and moments included. */
    readonly distance: number;
    /** Whether a second run on WebGPU gave the same bytes. */
    readonly repeats: boolean;
    /** Tensors that remain after everything was disposed. */
    readonly leaked: number;
  };
}

const SIZE = 20;
const COUNT = 2;
const EPOCHS = 2;
const UPDATES = 3;
/** The network to train, and its loss. */
interface Subject {
  readonly network: Network;
  readonly loss: LossConfig;
  readonly prefill: readonly Prefill[];
}

function configOf(model: object) {
  return checkModel({ ...model, occlusions: ['a'] }, 'model.m', ['a']);
}

function architecture(model: object): Subject {
  const config = configOf(model);
  const { loss, prefill } = config;
  return { network: createNetwork(config.network, SIZE, 1), loss, prefill };
}

/** A matrix and a bias on the pixels of a line, normalised: few shaders, each kind of update. */
function oneLayer(): Subject {
  const specs = [...denseSpecs('line', SIZE, SIZE), ...batchNormSpecs('norm', 1)];
  const network: Network = {
    specs,
    noise: [1],
    atTest: { latent: 'mean', statistics: 'running' },
    train(params, { filled }, _target, noise) {
      const moments: Moments[] = [];
      const lines = tf.reshape(filled, [-1, SIZE]) as tf.Tensor2D;
      const image = tf.reshape(dense(params, 'line', lines), filled.shape) as tf.Tensor4D;
      const restored = batchNorm(params, 'norm', image, { kind: 'batch', moments });
      return { restored, kl: tf.sum(tf.square(noise), 1), moments };
    },
    restore: (_params, { filled }) => filled,
  };
  const { loss, prefill } = configOf({ arch: 'deepvision', base: 'right' });
  return { network, loss, prefill };
}

const NETWORKS: Readonly<Record<string, Readonly<Record<string, () => Subject>>>> = {
  'one-layer': { oneLayer },
  architectures: {
    deepvision: () =>
      architecture({
        arch: 'deepvision',
        base: 'right',
        padding: 'same',
        width: 0.03,
        hidden: 8,
        latent: 4,
      }),
    restorer: () =>
      architecture({
        arch: 'restorer',
        width: 0.15,
        latent: 2,
        prefill: ['harmonic', 'biharmonic'],
      }),
  },
};

function drawAll({ network: { noise }, prefill }: Subject): Drawn[] {
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
      prefill,
    ),
    noise: Float32Array.from(draw(COUNT * sizeOf(noise), () => random.normal())),
  }));
}

async function train(backend: 'cpu' | 'webgpu', subject: Subject) {
  const { network, loss } = subject;
  await tf.setBackend(backend);
  const batches = drawAll(subject);
  let { weights } = initState(network, { seed: 1, ema: 0.9 });
  const start = await numbersOf(weights);
  const means: number[] = [];
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const objective = objectiveOf(network, { loss, klShare: (epoch + 1) / 2 });
    const options: EpochOptions = {
      clip: 0.05,
      ema: 0.9,
      learningRateAt: (step) => 0.01 / step,
    };
    const stepper = chooseStepper(backend)(objective, weights, options);
    for (const drawn of batches.slice(epoch * UPDATES, (epoch + 1) * UPDATES)) {
      await stepper.step(valuesOf(drawn, network.noise));
    }
    const end = await stepper.end();
    stepper.dispose();
    weights = end.weights;
    const [total] = await end.losses.total.data();
    means.push(total! / UPDATES);
    tf.dispose(Object.values(end.losses));
  }
  const values = await numbersOf(weights);
  disposeWeights(weights);
  return { start, values, means };
}

async function numbersOf({ params, adam, ema }: Parameters<typeof disposeWeights>[0]) {
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
  for (const [name, subject] of Object.entries(NETWORKS[process.argv[2]!]!)) {
    const before = tf.memory().numTensors;
    const cpu = await train('cpu', subject());
    const first = await train('webgpu', subject());
    const second = await train('webgpu', subject());
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
