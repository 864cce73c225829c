import '@tensorflow/tfjs-backend-cpu';
import { createRandom } from '@pipe-experiment/data/random.js';
import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

beforeAll(async () => {
  await openBackend('wasm');
});

beforeEach(async () => {
  await tf.setBackend('wasm');
});

type Reduction = typeof tf.sum | typeof tf.mean;
type Reduced = {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
};

const DTYPES = ['float32', 'int32', 'bool'] as const;

/** Of a batch in colour: 25 images of 90 × 90 windows in 3 channels are as many, nearly. */
const COUNT = 600_000;

describe('600,000 values', () => {
  const random = createRandom(1, 'sum');
  const values = Float32Array.from({ length: COUNT }, () => 1 - 0.01 * random.uniform());
  const exact = values.reduce((sum, value) => sum + value, 0);

  test('are added in double: sum and mean are the floats nearest to the exact ones', () => {
    for (const shape of [[COUNT], [25, 100, 80, 3], [1, COUNT, 1]]) {
      const x = tf.tensor(values, shape);
      expect(tf.sum(x).dataSync()[0]).toBe(Math.fround(exact));
      expect(tf.mean(x).dataSync()[0]).toBe(Math.fround(exact / COUNT));
    }
  });

  test('of each image and of each channel too, if all other axes are summed', () => {
    const x = tf.tensor(values, [2, COUNT / 4, 2]);
    const every = (keep: (index: number) => boolean) =>
      Math.fround(values.reduce((sum, value, i) => (keep(i) ? sum + value : sum), 0));
    const images = [0, 1].map((image) => every((i) => Math.floor(i / (COUNT / 2)) === image));
    const channels = [0, 1].map((channel) => every((i) => i % 2 === channel));
    expect([...tf.sum(x, [1, 2]).dataSync()]).toEqual(images);
    expect([...tf.sum(x, [0, 1]).dataSync()]).toEqual(channels);
    expect([...tf.sum(tf.transpose(x, [1, 0, 2]), [0, 2]).dataSync()]).toEqual(images);
  });

  test('integers and booleans are counted exactly', () => {
    const large = tf.tensor(new Int32Array(COUNT).fill(3001), [COUNT], 'int32');
    expect(tf.sum(large).dataSync()[0]).toBe(3001 * COUNT);
    expect(tf.mean(large).dataSync()[0]).toBe(3001);
    const truths = tf.tensor(new Uint8Array(COUNT).fill(1), [COUNT], 'bool');
    expect(tf.sum(truths).dataSync()[0]).toBe(COUNT);
    expect(tf.mean(truths).dataSync()[0]).toBe(1);
  });
});

describe('any axes of any shape', () => {
  /** A tensor of up to five axes, some of length 1 or 0, and those to be added up, in any order. */
  const cases = fc
    .record({
      shape: fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 5 }),
      dtype: fc.constantFrom(...DTYPES),
      keepDims: fc.boolean(),
      seed: fc.nat(),
    })
    .chain(({ shape, ...rest }) =>
      fc.record({
        shape: fc.constant(shape),
        axes: fc.option(fc.shuffledSubarray(shape.map((_, axis) => axis))),
        fromTheEnd: fc.boolean(),
        dtype: fc.constant(rest.dtype),
        keepDims: fc.constant(rest.keepDims),
        seed: fc.constant(rest.seed),
      }),
    );

  /** Eighths up to 16, so that every order of adding them gives the same float. */
  const draw = (shape: readonly number[], dtype: (typeof DTYPES)[number], seed: number) => {
    const random = createRandom(seed, 'sum');
    const most = dtype === 'bool' ? 2 : 256;
    const unit = dtype === 'float32' ? 8 : 1;
    const length = tf.util.sizeFromShape([...shape]);
    return Array.from({ length }, () => (random.int(most) - (dtype === 'bool' ? 0 : 128)) / unit);
  };

  const on = async (backend: string, make: () => tf.Tensor): Promise<Reduced> => {
    await tf.setBackend(backend);
    return tf.tidy(() => {
      const out = make();
      return { dtype: out.dtype, shape: out.shape, values: [...out.dataSync()] };
    });
  };

  test('equal those of the cpu backend, values, shape and dtype, and leak nothing', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ shape, axes, fromTheEnd, dtype, keepDims, seed }) => {
        const values = draw(shape, dtype, seed);
        const axis = axes?.map((each) => (fromTheEnd ? each - shape.length : each));
        const reduced = (reduction: Reduction) => () =>
          reduction(tf.tensor(values, shape, dtype), axis, keepDims);
        const before = { ...tf.memory() };
        expect(await on('wasm', reduced(tf.sum))).toEqual(await on('cpu', reduced(tf.sum)));
        const [mean, expected] = [
          await on('wasm', reduced(tf.mean)),
          await on('cpu', reduced(tf.mean)),
        ];
        expect({ ...mean, values: [] }).toEqual({ ...expected, values: [] });
        // An empty tensor has no mean: the cpu backend returns 0.
        const none = values.length === 0;
        mean.values.forEach((value, i) => {
          if (none) expect(value).toBeNaN();
          else expect(value).toBeCloseTo(expected.values[i]!, 4);
        });
        expect(mean.values.length).toBe(expected.values.length);
        expect(tf.memory().numTensors).toBe(before.numTensors);
        expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
      }),
      { numRuns: 100 },
    );
  });

  test('no values, and kept axes between the summed ones: zeros, and the mean is NaN', () => {
    expect([...tf.sum(tf.zeros([2, 0, 2, 3]), [1, 3]).dataSync()]).toEqual([0, 0, 0, 0]);
    expect([...tf.mean(tf.zeros([1, 0, 2, 3]), [1, 3]).dataSync()]).toEqual([
      Number.NaN,
      Number.NaN,
    ]);
    expect(tf.sum(tf.zeros([0, 6, 6, 3, 7]), [1, 4]).shape).toEqual([0, 6, 3]);
  });

  test('have the gradient of a sum and of a mean', () => {
    fc.assert(
      fc.property(cases, ({ shape, axes, seed }) => {
        const x = tf.tensor(draw(shape, 'float32', seed), shape);
        if (x.size === 0) return;
        const axis = axes ?? undefined;
        const dy = tf.tensor(
          draw(tf.sum(x, axis).shape, 'float32', seed + 1),
          tf.sum(x, axis).shape,
        );
        const count = x.size / dy.size;
        const gradient = (reduction: Reduction) =>
          tf.grad((each: tf.Tensor) => reduction(each, axis))(x, dy);
        // What each value of x adds to, from the values of dy laid out with the axes kept.
        const kept = shape.map((length, i) => (!axes || axes.includes(i) ? 1 : length));
        const expected = tf.mul(tf.reshape(dy, kept), tf.ones(shape)).dataSync();
        expect([...gradient(tf.sum).dataSync()]).toEqual([...expected]);
        [...gradient(tf.mean).dataSync()].forEach((value, i) => {
          expect(value).toBeCloseTo(expected[i]! / count, 5);
        });
      }),
      { numRuns: 50 },
    );
  });
});
