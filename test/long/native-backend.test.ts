/**
 * The backend `node` with TensorFlow's library, where it is installed (`node
 * stages/install-tensorflow.mjs`): kernels and gradients, resumed trainings, and losses compared
 * with those of wasm.
 */
import '@tensorflow/tfjs-backend-cpu';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { readJson } from '@pipe-experiment/data/json.js';
import { createRandom } from '@pipe-experiment/data/random.js';
import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { batchNorm, type Moments, type Statistics } from '@pipe-experiment/networks/batchnorm.js';
import { graphSsim } from '@pipe-experiment/networks/ssim-loss.js';
import { ADAM_DEFAULTS, adamUpdate } from '@pipe-experiment/networks/training/adam.js';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EpochRecord } from '../../stages/lib/train/state.js';
import { type Experiment, writeExperiment } from '../stages/support/experiment.js';
import { folderDigests, temporaryFolder } from '../stages/support/folders.js';
import { bundleTrain, type TrainOrder, type TrainProcess } from '../stages/support/train.js';

const version = libraryVersion();
const SIZE = 32;

function libraryVersion(): string | undefined {
  const script = "console.log(require('@tensorflow/tfjs-node').backend().binding.TF_Version)";
  try {
    return execFileSync(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim()
      .split('\n')
      .at(-1);
  } catch {
    return undefined; // not installed: the name says that it is skipped
  }
}

describe.skipIf(version === undefined)(`TensorFlow ${version ?? 'is not installed'}`, () => {
  const folder = temporaryFolder();
  let train: TrainProcess;
  let experiment: Experiment;

  beforeAll(async () => {
    await openBackend('node');
    train = await bundleTrain();
    const sizes = { size: SIZE, count: 26, test: 10 };
    experiment = writeExperiment(join(folder.path, 'experiment'), sizes);
  });
  afterAll(() => {
    train.remove();
    folder.remove();
  });

  const random = createRandom(1, 'native');

  async function onBoth(
    shapes: readonly (readonly number[])[],
    graph: (...x: tf.Tensor[]) => tf.Tensor,
  ) {
    const drawn = shapes.map((shape) =>
      Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, () => random.normal()),
    );
    const on = async (backend: string) => {
      await tf.setBackend(backend);
      const out = tf.tidy(() => graph(...drawn.map((x, i) => tf.tensor(x, [...shapes[i]!]))));
      return Array.from(await out.data());
    };
    const [native, cpu] = [await on('tensorflow'), await on('cpu')];
    const scale = Math.max(...cpu.map(Math.abs));
    return Math.max(...cpu.map((value, i) => Math.abs(value - native[i]!))) / scale;
  }

  test.each([
    ['3×3 at stride 1', [3, 3, 4, 8], 1],
    ['4×4 at stride 2', [4, 4, 4, 8], 2],
  ] as const)(
    'a convolution and both gradients equal those of cpu: %s',
    async (_, filter, stride) => {
      const shapes = [[2, 13, 11, 4], filter];
      const conv = (x: tf.Tensor, w: tf.Tensor) =>
        tf.leakyRelu(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, 'same'), 0.2);
      const loss = (x: tf.Tensor, w: tf.Tensor) => tf.sum(tf.square(conv(x, w))) as tf.Scalar;
      expect(await onBoth(shapes, conv)).toBeLessThan(1e-5);
      expect(await onBoth(shapes, (x, w) => tf.grad((v) => loss(v, w))(x))).toBeLessThan(1e-5);
      expect(await onBoth(shapes, (x, w) => tf.grad((v) => loss(x, v))(w))).toBeLessThan(1e-5);
    },
  );

  const together = (...parts: tf.Tensor[]) => tf.concat(parts.map((x) => tf.reshape(x, [-1])));
  test.each([
    [
      'an update by Adam',
      [
        [7, 3],
        [7, 3],
        [7, 3],
        [7, 3],
      ],
      (values: tf.Tensor, gradient: tf.Tensor, first: tf.Tensor, root: tf.Tensor) => {
        const state = { step: 4, first: { w: first }, second: { w: tf.square(root) } };
        const config = { ...ADAM_DEFAULTS, learningRate: 0.01 };
        const updated = adamUpdate(config, { w: values }, { w: gradient }, state);
        return together(updated.params.w!, updated.state.first.w!, updated.state.second.w!);
      },
    ],
    [
      'the gradient of a leaky ReLU',
      [[5, 9]],
      (x: tf.Tensor) => tf.grad((v) => tf.square(tf.leakyRelu(v, 0.2)))(x),
    ],
    ...[1, 8].flatMap((channels) => [
      [
        `batch norm of ${channels} channels, and its statistics`,
        [[2, 9, 7, channels], [channels], [channels]],
        (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) => {
          const moments: Moments[] = [];
          const params = { 'n.weight': weight, 'n.bias': bias };
          const y = batchNorm(params, 'n', x as tf.Tensor4D, { kind: 'batch', moments });
          return together(y, moments[0]!.mean, moments[0]!.variance);
        },
      ] as const,
      [
        `the gradients of batch norm of ${channels} channels`,
        [[2, 9, 7, channels], [channels], [channels]],
        (...given: tf.Tensor[]) => {
          const norm = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) => {
            const params = { 'n.weight': weight, 'n.bias': bias };
            const statistics: Statistics = { kind: 'batch', moments: [] };
            return tf.sum(tf.exp(batchNorm(params, 'n', x as tf.Tensor4D, statistics)));
          };
          return together(...tf.grads(norm)(given));
        },
      ] as const,
    ]),
    [
      'SSIM and its gradient',
      [
        [2, 17, 13, 1],
        [2, 17, 13, 1],
      ],
      (x: tf.Tensor, y: tf.Tensor) => {
        const ssim = (v: tf.Tensor) => graphSsim(v as tf.Tensor4D, y as tf.Tensor4D);
        return together(ssim(x), tf.grad(ssim)(x));
      },
    ],
  ] as const)('in single operations, as cpu composes it: %s', async (_, shapes, graph) => {
    expect(await onBoth(shapes, graph as (...x: tf.Tensor[]) => tf.Tensor)).toBeLessThan(1e-5);
  });

  function order(run: string, backend: string, completed: number, target: number): TrainOrder {
    const { images, masks, split } = experiment;
    return {
      params: {
        image: { size: SIZE, channels: 1 },
        train: { epochs: target, batch: 8, validation: 4, ema: 0.9, clip: 5, backend },
        occlusions: { square12: { shape: 'square', side: 12 } },
        model: { tiny: { arch: 'restorer', width: 0.15, latent: 2, occlusions: ['square12'] } },
      },
      deps: { images, masks, split },
      seed: 3,
      out: join(folder.path, `${run}-${target}-out`),
      states: join(folder.path, run),
      completed,
      target,
      cpu: 1,
    };
  }

  test('a resumed training has the same bytes as one that never stopped, and the losses of wasm', async () => {
    await train.run(order('straight', 'node', 0, 2));
    await train.run(order('resumed', 'node', 0, 1));
    await train.run(order('resumed', 'node', 1, 2));
    await train.run(order('wasm', 'wasm', 0, 2));
    const digests = (run: string) => folderDigests(join(folder.path, run, '2'));
    expect(digests('resumed')).toEqual(digests('straight'));
    const history = (run: string) =>
      readJson<EpochRecord[]>(join(folder.path, `${run}-2-out`, 'history.json'));
    const [native, wasm] = [history('straight'), history('wasm')];
    for (const { tensorflow } of native)
      expect(Object.values(tensorflow ?? {}).join('.')).toBe(version);
    expect(wasm.map(({ tensorflow }) => tensorflow)).toEqual([undefined, undefined]);
    for (const [i, { loss }] of wasm.entries()) expect(native[i]!.loss / loss).toBeCloseTo(1, 3);
  });
});
