/**
 * Computes the same things on the cpu and the WebGPU backend, in its own process; prints a
 * WebgpuReport.
 */
import '@tensorflow/tfjs-backend-cpu';
import { createRandom } from '@pipe-experiment/data/random.js';
import { registerGradients } from '@pipe-experiment/kernels/gradients.js';
import { openWebgpu } from '@pipe-experiment/kernels/webgpu.js';
import * as tf from '@tensorflow/tfjs-core';
import { ALL_CASES, ALL_TILES, CASES, type Case } from './webgpu-cases.js';

export interface WebgpuReport {
  readonly adapter: { readonly name: string; readonly software: boolean };
  /** By case: ‖webgpu − cpu‖ / ‖cpu‖. */
  readonly distances: Readonly<Record<string, number>>;
  /** By case: whether two runs on WebGPU gave the same bytes. */
  readonly repeats: Readonly<Record<string, boolean>>;
  /** Of a small network over five steps of training. */
  readonly losses: { readonly cpu: readonly number[]; readonly webgpu: readonly number[] };
  /** Tensors that remain after everything was disposed. */
  readonly leaked: number;
}

async function evaluate(backend: string, { inputs, shapes, graph }: Case): Promise<Float32Array> {
  await tf.setBackend(backend);
  const out = tf.tidy(() =>
    graph(...inputs.map((values, i) => tf.tensor(values, [...shapes[i]!]))),
  );
  const values = (await out.data()) as Float32Array;
  out.dispose();
  return values;
}

function distance(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  const apart = a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
  return Math.sqrt(apart / b.reduce((sum, value) => sum + value ** 2, 0));
}

/** Convolution, pooling, transposed convolution, as the experiment's models have; plain descent. */
async function train(backend: string): Promise<number[]> {
  await tf.setBackend(backend);
  const stream = createRandom(2, 'network');
  const tensor = (shape: number[], scale: number) =>
    tf.tensor(
      Array.from({ length: tf.util.sizeFromShape(shape) }, () => stream.normal() * scale),
      shape,
      'float32',
    );
  const images = tensor([4, 12, 12, 1], 1) as tf.Tensor4D;
  let weights = [tensor([3, 3, 1, 8], 0.3), tensor([8], 0.1), tensor([4, 4, 1, 8], 0.1)];
  const loss = (w: tf.Tensor, bias: tf.Tensor, up: tf.Tensor) => {
    const hidden = tf.leakyRelu(tf.add(tf.conv2d(images, w as tf.Tensor4D, 1, 'same'), bias), 0.2);
    const small = tf.maxPool(hidden as tf.Tensor4D, 2, 2, 'valid');
    const out = tf.conv2dTranspose(small, up as tf.Tensor4D, [4, 12, 12, 1], 2, 'same');
    return tf.mean(tf.squaredDifference(tf.sigmoid(out), tf.sigmoid(images))) as tf.Scalar;
  };
  const losses: number[] = [];
  for (let step = 0; step < 5; step++) {
    const [value, next] = tf.tidy(() => {
      const { value, grads } = tf.valueAndGrads(loss as never)(weights);
      return [value, weights.map((w, i) => tf.sub(w, tf.mul(grads[i]!, 2)))] as const;
    });
    losses.push((await value.data())[0]!);
    tf.dispose([value, ...weights]);
    weights = next;
  }
  tf.dispose([images, ...weights]);
  return losses;
}

const SETS: Readonly<Record<string, Readonly<Record<string, Case>>>> = {
  few: CASES,
  all: ALL_CASES,
  'all-tiles': ALL_TILES,
};

/** A tensor that fits no GPU's buffer: allocated when the kernel runs, and never read. */
async function evaluateTooLarge(): Promise<void> {
  const x = tf.fill([2 ** 15, 2 ** 15, 16], 1); // 64 GiB
  await tf.slice(x, [0, 0, 0], [1, 1, 1]).data();
  console.log('went on with whatever the buffer held');
}

registerGradients();
const gpu = await openWebgpu();
if (gpu === null) {
  console.log('null');
} else if (process.argv[2] === 'too-large') {
  await evaluateTooLarge();
} else {
  const before = tf.memory().numTensors;
  const distances: Record<string, number> = {};
  const repeats: Record<string, boolean> = {};
  for (const [name, one] of Object.entries(SETS[process.argv[2]!]!)) {
    const first = await evaluate('webgpu', one);
    const second = await evaluate('webgpu', one);
    repeats[name] = Buffer.compare(Buffer.from(first.buffer), Buffer.from(second.buffer)) === 0;
    distances[name] = distance(first, await evaluate('cpu', one));
  }
  const losses = { cpu: await train('cpu'), webgpu: await train('webgpu') };
  const leaked = tf.memory().numTensors - before;
  const report: WebgpuReport = { adapter: gpu.adapter, distances, repeats, losses, leaked };
  gpu.close();
  console.log(JSON.stringify(report));
}
