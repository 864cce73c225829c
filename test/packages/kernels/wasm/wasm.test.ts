import '@tensorflow/tfjs-backend-cpu';
import { createRandom } from '@pipe-experiment/data/random.js';
import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

beforeAll(async () => {
  await openBackend('wasm');
});

const random = createRandom(1, 'kernels');

function draw(shape: readonly number[]): Float32Array {
  return Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, () => random.normal());
}

type Input = { readonly data: Float32Array; readonly shape: readonly number[] };

function input(shape: readonly number[]): Input {
  return { data: draw(shape), shape };
}

/** Runs the same graph on both backends and gives both results. */
async function onBoth(
  inputs: readonly Input[],
  graph: (...tensors: tf.Tensor[]) => tf.Tensor,
): Promise<{ wasm: Float32Array; cpu: Float32Array }> {
  const on = async (backend: string) => {
    await tf.setBackend(backend);
    const out = tf.tidy(() =>
      graph(...inputs.map(({ data, shape }) => tf.tensor(data, [...shape]))),
    );
    const values = (await out.data()) as Float32Array;
    out.dispose();
    return values;
  };
  const cpu = await on('cpu');
  return { wasm: await on('wasm'), cpu };
}

/** Largest difference, relative to the largest value: sums of n products in float32 round alike. */
function distance(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  const scale = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0) / scale;
}

const TOLERANCE = 2e-5; // float32 has 6e-8; up to some thousand additions in another order

interface Case {
  readonly x: readonly number[];
  readonly filter: readonly number[];
  readonly stride: number;
  readonly pad: 'valid' | 'same' | tf.backend_util.ExplicitPadding;
}

const CASES: readonly Case[] = [
  { x: [3, 12, 11, 4], filter: [3, 3, 4, 6], stride: 1, pad: 'same' },
  { x: [3, 12, 11, 6], filter: [3, 3, 6, 4], stride: 1, pad: 'valid' }, // fewer filters
  { x: [2, 10, 10, 1], filter: [3, 3, 1, 8], stride: 1, pad: 'same' }, // by patches
  { x: [2, 10, 10, 8], filter: [6, 6, 8, 1], stride: 1, pad: 'valid' },
  { x: [2, 13, 13, 5], filter: [5, 5, 5, 7], stride: 2, pad: 'valid' },
  { x: [2, 14, 14, 5], filter: [5, 5, 5, 3], stride: 2, pad: 'valid' }, // a last row unseen
  { x: [2, 12, 12, 5], filter: [4, 4, 5, 3], stride: 2, pad: 'same' },
  { x: [2, 11, 11, 4], filter: [3, 3, 4, 4], stride: 2, pad: 'same' },
  { x: [2, 16, 16, 3], filter: [4, 4, 3, 4], stride: 3, pad: 'valid' },
  { x: [2, 9, 9, 4], filter: [1, 1, 4, 5], stride: 1, pad: 'valid' },
];

describe('the gradients of a convolution on wasm equal those of the cpu backend', () => {
  for (const { x, filter, stride, pad } of CASES) {
    const name = `${x.join('×')} by ${filter.join('×')}, stride ${stride}, ${pad}`;
    const conv = (a: tf.Tensor, w: tf.Tensor) =>
      tf.conv2d(a as tf.Tensor4D, w as tf.Tensor4D, stride, pad);
    const out = tf.backend_util.computeConv2DInfo(
      x as [number, number, number, number],
      filter as [number, number, number, number],
      stride,
      1,
      pad,
    ).outShape;

    test(`with respect to the filter: ${name}`, async () => {
      const { wasm, cpu } = await onBoth([input(x), input(filter), input(out)], (a, w, dy) =>
        tf.grad((v) => conv(a, v))(w, dy),
      );
      expect(distance(wasm, cpu)).toBeLessThan(TOLERANCE);
    });

    test(`with respect to the image: ${name}`, async () => {
      const { wasm, cpu } = await onBoth([input(x), input(filter), input(out)], (a, w, dy) =>
        tf.grad((v) => conv(v, w))(a, dy),
      );
      expect(distance(wasm, cpu)).toBeLessThan(TOLERANCE);
    });
  }
});

describe('the other replaced kernels equal those of the cpu backend', () => {
  const same = async (
    inputs: readonly Input[],
    graph: (...tensors: tf.Tensor[]) => tf.Tensor,
    tolerance = TOLERANCE,
  ) => {
    const { wasm, cpu } = await onBoth(inputs, graph);
    expect(distance(wasm, cpu)).toBeLessThanOrEqual(tolerance);
  };

  test('matrix products, each factor transposed or not', async () => {
    const plain = [input([17, 9]), input([9, 13])];
    await same(plain, (a, b) => tf.matMul(a, b));
    await same([input([9, 17]), input([9, 13])], (a, b) => tf.matMul(a, b, true, false));
    await same([input([17, 9]), input([13, 9])], (a, b) => tf.matMul(a, b, false, true));
    await same([input([9, 17]), input([13, 9])], (a, b) => tf.matMul(a, b, true, true));
    await same([input([3, 9, 17]), input([3, 9, 13])], (a, b) => tf.matMul(a, b, true, false));
  });

  test('matrix products in which one buffer is the right factor in two shapes', async () => {
    await same([input([2, 6]), input([5, 4]), input([6, 10])], (a, c, b) => {
      const first = tf.reshape(tf.matMul(a, b), [20]);
      const second = tf.reshape(tf.matMul(c, tf.reshape(b, [4, 15])), [75]);
      return tf.concat([first, second], 0);
    });
  });

  test('leaky ReLU and its gradient', async () => {
    await same([input([4, 7, 5])], (x) => tf.leakyRelu(x, 0.2)); // alpha is rounded to float32 on wasm only
    await same([input([4, 7, 5]), input([4, 7, 5])], (x, dy) =>
      tf.grad((v) => tf.leakyRelu(v, 0.2))(x, dy),
    );
  });

  test('a vector of channels added to, taken from and multiplied with an image', async () => {
    const inputs = [input([3, 6, 5, 4]), input([4])];
    await same(inputs, (x, c) => tf.add(x, c), 0);
    await same(inputs, (x, c) => tf.sub(x, c), 0);
    await same(inputs, (x, c) => tf.mul(x, c), 0);
    await same([input([3, 6, 5, 4]), input([1, 1, 1, 4])], (x, c) => tf.mul(x, c), 0);
    await same([input([3, 6, 5, 4]), input([3, 6, 5, 1])], (x, c) => tf.mul(x, c), 0);
  });

  test('sums over images and pixels, over all, and over other axes', async () => {
    const x = input([5, 24, 23, 6]);
    await same([x], (a) => tf.sum(a, [0, 1, 2]));
    await same([x], (a) => tf.sum(a));
    await same([x], (a) => tf.sum(a, [1, 2, 3]));
    await same([x], (a) => tf.sum(a, [0, 1, 2], true));
    await same([x], (a) => tf.mean(a, [0, 1, 2]));
  });

  test('max-pooling and its gradient, even with equal or remaining pixels', async () => {
    const steps = (shape: readonly number[]): Input => ({
      shape,
      data: draw(shape).map((v) => Math.round(v)),
    });
    for (const pad of ['valid', 'same'] as const) {
      for (const x of [input([2, 8, 8, 3]), input([2, 9, 7, 3])]) {
        const [n, h, w, c] = x.shape as [number, number, number, number];
        const side = (length: number) => (pad === 'same' ? (length + 1) >> 1 : length >> 1);
        const dy = input([n, side(h), side(w), c]);
        const pool = (v: tf.Tensor) => tf.maxPool(v as tf.Tensor4D, 2, 2, pad);
        await same([x, dy], (a, g) => tf.grad(pool)(a, g), 0);
      }
    }
    // Where several pixels are the largest, one of them gets the gradient: the sum tells.
    const ties = [steps([2, 8, 8, 3]), input([2, 4, 4, 3])];
    await same(ties, (a, g) =>
      tf.sum(tf.grad((v) => tf.maxPool(v as tf.Tensor4D, 2, 2, 'valid'))(a, g), [1, 2]),
    );
  });
});

test('the gradient of a whole small network agrees with finite differences', async () => {
  await tf.setBackend('wasm');
  const shapes = [[2, 13, 13, 2], [3, 3, 2, 3], [3], [4, 4, 3, 3]] as const;
  const values = shapes.map((shape) => draw(shape).map((v) => v * 0.5));
  const output = (...[x, w, b, t]: tf.Tensor[]) => {
    const conv = tf.add(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'valid'), b!);
    const pooled = tf.maxPool(tf.leakyRelu(conv, 0.2) as tf.Tensor4D, 2, 2, 'same');
    const filter = t as tf.Tensor4D;
    return tf.sigmoid(
      tf.conv2dTranspose(pooled as tf.Tensor4D, filter, [2, 14, 14, 3], 2, 'valid'),
    );
  };
  const loss = (...inputs: tf.Tensor[]) => tf.sum(tf.square(output(...inputs))) as tf.Scalar;
  const tensors = () => values.map((v, i) => tf.tensor(v, [...shapes[i]!]));
  // The same loss, added in double precision: rounding must not hide in the difference of two sums.
  const at = async () => {
    const out = tf.tidy(() => output(...tensors()));
    const pixels = (await out.data()) as Float32Array;
    out.dispose();
    return pixels.reduce((sum, v) => sum + v * v, 0);
  };
  const gradients = await Promise.all(
    tf.tidy(() => tf.grads(loss)(tensors())).map(async (g) => (await g.data()) as Float32Array),
  );
  // Central differences: each of 1,176 pixels is rounded by 3e-8, so a difference is off by some
  // 1e-6 / h; where a kink (pooling, leaky ReLU) lies within h, by a share of the slope.
  const h = 1e-3;
  const off: number[] = [];
  for (const [which, array] of values.entries()) {
    for (let trial = 0; trial < 8; trial++) {
      const index = random.int(array.length);
      const kept = array[index]!;
      array[index] = kept + h;
      const [high, above] = [array[index]!, await at()];
      array[index] = kept - h;
      const [low, below] = [array[index]!, await at()];
      array[index] = kept;
      const expected = (above - below) / (high - low);
      off.push(Math.abs(gradients[which]![index]! - expected) / (Math.abs(expected) + 0.05));
    }
  }
  off.sort((a, b) => a - b);
  expect(off.at(-1)).toBeLessThan(0.05);
  expect(off[off.length >> 1]).toBeLessThan(0.005);
});
