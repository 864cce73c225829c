/**
 * Our own kernels against the cpu backend. Values are small whole numbers: every order of additions
 * gives the same sum, so results are compared exactly.
 */
import '@tensorflow/tfjs-backend-cpu';
import { createRandom } from '@pipe-experiment/data/random.js';
import {
  blend,
  fusedAdam,
  fusedBlur,
  fusedLeakyGradient,
  fusedNormalise,
  fusedNormaliseGradient,
} from '@pipe-experiment/kernels/fused.js';
import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { ADAM_DEFAULTS } from '@pipe-experiment/networks/training/adam.js';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';

beforeAll(async () => {
  await openBackend('wasm');
});

const random = createRandom(1, 'compute');

interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

function whole(shape: readonly number[]): Values {
  const size = tf.util.sizeFromShape([...shape]);
  return { shape, data: Float32Array.from({ length: size }, () => random.int(9) - 4) };
}

type Inputs = Readonly<Record<string, Values>> | readonly Values[];

async function runKernel(
  backend: string,
  name: string,
  inputs: Inputs,
  attributes: object,
): Promise<{ readonly shape: readonly number[]; readonly data: Float32Array }> {
  await tf.setBackend(backend);
  const { tensors } = tf.memory() as unknown as { tensors: number };
  const buffers = tf.engine().backend.numDataIds();
  const toTensor = ({ data, shape }: Values) => tf.tensor(data, [...shape]);
  const given = Array.isArray(inputs)
    ? (inputs.map(toTensor) as unknown as Record<string, tf.Tensor>)
    : Object.fromEntries(Object.entries(inputs).map(([key, each]) => [key, toTensor(each)]));
  const out = tf.engine().runKernel(name, given, attributes as tf.NamedAttrMap) as tf.Tensor;
  const result = { shape: out.shape, data: Float32Array.from(out.dataSync()) };
  tf.dispose([out, given]);
  expect((tf.memory() as unknown as { tensors: number }).tensors).toBe(tensors);
  expect(tf.engine().backend.numDataIds()).toBe(buffers);
  return result;
}

async function expectSame(name: string, inputs: Inputs, attributes: object): Promise<Float32Array> {
  const wasm = await runKernel('wasm', name, inputs, attributes);
  const cpu = await runKernel('cpu', name, inputs, attributes);
  expect(wasm.shape).toEqual(cpu.shape);
  // −0 and 0 are the same sum.
  expect(wasm.data.map((v) => v + 0)).toEqual(cpu.data.map((v) => v + 0));
  return wasm.data;
}

const length = (min: number, max: number) => fc.integer({ min, max });

/** Images, filters, strides and paddings of every kind, with sizes that no tile divides. */
const convolutions = fc
  .record({
    images: length(0, 3),
    height: length(1, 12),
    width: length(1, 13),
    channels: length(0, 11),
    filters: length(0, 19),
    kernel: fc.tuple(length(1, 5), length(1, 5)),
    stride: length(1, 4),
    pad: fc.oneof(
      fc.constantFrom('same', 'valid'),
      fc
        .tuple(length(0, 5), length(0, 5), length(0, 5), length(0, 5))
        .map(([top, bottom, left, right]) => [
          [0, 0],
          [top, bottom],
          [left, right],
          [0, 0],
        ]),
    ),
  })
  .map(toCase)
  .filter(({ out }) => out[1] > 0 && out[2] > 0);

/** Those that Winograd's products compute: 3×3 taps at stride 1, 4×4 taps at stride 2, channels in fours. */
const fastConvolutions = fc
  .record({
    images: length(0, 3),
    height: length(1, 14),
    width: length(1, 15),
    channels: fc.constantFrom(4, 8, 12),
    filters: fc.constantFrom(4, 8, 12, 20),
    stride: length(1, 2),
    pad: fc.oneof(
      fc.constantFrom('same' as const, 'valid' as const),
      fc.tuple(length(0, 2), length(0, 5), length(0, 2), length(0, 5)).map(
        ([top, bottom, left, right]): tf.backend_util.ExplicitPadding => [
          [0, 0],
          [top, bottom],
          [left, right],
          [0, 0],
        ],
      ),
    ),
  })
  .map((sizes) => toCase({ ...sizes, kernel: sizes.stride === 1 ? [3, 3] : [4, 4] }))
  .filter(({ out }) => out[1] > 0 && out[2] > 0);

interface Sizes {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly filters: number;
  readonly kernel: readonly [number, number];
  readonly stride: number;
  readonly pad: unknown;
}

function toCase({ images, height, width, channels, filters, kernel, stride, pad }: Sizes) {
  const x = [images, height, width, channels] as [number, number, number, number];
  const filter = [...kernel, channels, filters] as [number, number, number, number];
  const explicit = pad as tf.backend_util.ExplicitPadding;
  const info = tf.backend_util.computeConv2DInfo(x, filter, stride, 1, explicit);
  const attributes = { strides: [stride, stride], pad, dataFormat: 'NHWC', dilations: [1, 1] };
  return { x, filter, out: info.outShape, attributes };
}

const RUNS = { numRuns: 60, seed: 1 };

describe('of any sizes, strides and paddings', () => {
  test('a convolution and both its gradients equal those of the cpu backend', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(convolutions, fastConvolutions),
        async ({ x, filter, out, attributes }) => {
          const [image, weights, dy] = [whole(x), whole(filter), whole(out)];
          await expectSame('Conv2D', { x: image, filter: weights }, attributes);
          const byInput = { ...attributes, inputShape: x };
          await expectSame('Conv2DBackpropInput', { dy, filter: weights }, byInput);
          const byFilter = { ...attributes, filterShape: filter };
          await expectSame('Conv2DBackpropFilter', { x: image, dy }, byFilter);
        },
      ),
      RUNS,
    );
  });

  test('a product equals that of the cpu backend, each factor transposed or not', async () => {
    const products = fc.record({
      outer: fc.constantFrom(
        [[], []],
        [[2], [2]],
        [
          [2, 3],
          [2, 3],
        ],
        [[1], [3]],
        [[0], [0]],
      ),
      m: length(0, 70),
      k: fc.oneof(length(0, 70), length(250, 270)),
      n: length(0, 30),
      transposeA: fc.boolean(),
      transposeB: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(products, async ({ outer, m, k, n, transposeA, transposeB }) => {
        const a = whole([...outer[0]!, ...(transposeA ? [k, m] : [m, k])]);
        const b = whole([...outer[1]!, ...(transposeB ? [n, k] : [k, n])]);
        await expectSame('BatchMatMul', { a, b }, { transposeA, transposeB });
      }),
      RUNS,
    );
  });
});

// The cpu backend cannot: it gives as many products as the larger factor has matrices.
test('products are broadcast if each factor has an axis that the other lacks', async () => {
  const [a, b] = [whole([3, 1, 5, 4]), whole([2, 4, 6])];
  const plain = { transposeA: false, transposeB: false };
  const { shape, data } = await runKernel('wasm', 'BatchMatMul', { a, b }, plain);
  expect(shape).toEqual([3, 2, 5, 6]);
  const part = ({ data }: Values, index: number, rows: number, columns: number): Values => ({
    shape: [rows, columns],
    data: data.slice(index * rows * columns, (index + 1) * rows * columns),
  });
  for (let i = 0; i < 6; i++) {
    const one = { a: part(a, Math.floor(i / 2), 5, 4), b: part(b, i % 2, 4, 6) };
    const product = await expectSame('BatchMatMul', one, plain);
    expect(data.slice(i * 30, (i + 1) * 30)).toEqual(product);
  }
});

test('the gradients of a convolution match the effect of changing one value', async () => {
  const convolved = (x: Values, filter: Values, attributes: object) =>
    runKernel('wasm', 'Conv2D', { x, filter }, attributes);
  const changed = ({ shape, data }: Values, index: number): Values => ({
    shape,
    data: data.map((v, i) => (i === index ? v + 1 : v)),
  });
  const slope = (dy: Values, from: Float32Array, to: Float32Array) =>
    dy.data.reduce((sum, v, i) => sum + v * (to[i]! - from[i]!), 0);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(convolutions, fastConvolutions),
      fc.nat(),
      async ({ x, filter, out, attributes }, which) => {
        const [image, weights, dy] = [whole(x), whole(filter), whole(out)];
        const { data: before } = await convolved(image, weights, attributes);
        const dx = await runKernel(
          'wasm',
          'Conv2DBackpropInput',
          { dy, filter: weights },
          {
            ...attributes,
            inputShape: x,
          },
        );
        const dw = await runKernel(
          'wasm',
          'Conv2DBackpropFilter',
          { x: image, dy },
          {
            ...attributes,
            filterShape: filter,
          },
        );
        if (dx.data.length > 0) {
          const i = which % dx.data.length;
          const { data } = await convolved(changed(image, i), weights, attributes);
          expect(slope(dy, before, data)).toBeCloseTo(dx.data[i]!, 9);
        }
        if (dw.data.length > 0) {
          const i = which % dw.data.length;
          const { data } = await convolved(image, changed(weights, i), attributes);
          expect(slope(dy, before, data)).toBeCloseTo(dw.data[i]!, 9);
        }
      },
    ),
    RUNS,
  );
});

test('a window, the gradient of a window, and borders equal those of the cpu backend', async () => {
  const blurred = async (backend: string, image: Values) => {
    await tf.setBackend(backend);
    const shape3 = [...image.shape] as [number, number, number];
    const taps = tf.tensor1d([1, 2, 4, 2, 1]);
    const window = tf.mul(tf.reshape(taps, [5, 1]), taps);
    const inside = shape3.map((length, i) => (i === 0 ? length : length - 4));
    const filter = tf.reshape<tf.Rank.R4>(window, [5, 5, 1, 1]);
    const composed = (x: tf.Tensor) =>
      tf.reshape(tf.conv2d(tf.reshape<tf.Rank.R4>(x, [...shape3, 1]), filter, 1, 'valid'), inside);
    const blur = (x: tf.Tensor) => fusedBlur(x as tf.Tensor3D, taps) ?? composed(x);
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => tf.sum(tf.square(blur(x))))(
      tf.tensor(image.data, shape3),
    );
    return [...value.dataSync(), ...grad.dataSync()];
  };
  for (const shape of [
    [2, 5, 5],
    [1, 9, 23],
    [3, 17, 12],
  ]) {
    const image = whole(shape);
    expect(await blurred('wasm', image)).toEqual(await blurred('cpu', image));
  }
  for (const shape of [[3], [2, 3, 4], [2, 1, 3, 4], [0, 2]]) {
    const paddings = shape.map((_, i) => [i % 2, (i + 1) % 3]);
    await expectSame('PadV2', { x: whole(shape) }, { paddings, constantValue: 7 });
  }
});

test('windows and concatenated arrays of one to four dimensions equal those of the cpu backend', async () => {
  const dimension = fc.record({ length: fc.nat(6), from: fc.nat(6), size: fc.nat(6) });
  const shapes = fc.array(dimension, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(
      shapes,
      fc.array(fc.nat(5), { maxLength: 2 }),
      fc.nat(3),
      async (dimensions, others, which) => {
        const shape = dimensions.map(({ length }) => length);
        const begin = dimensions.map(({ length, from }) => Math.min(from, length));
        const size = dimensions.map(({ length, size }, i) => Math.min(size, length - begin[i]!));
        await expectSame('Slice', { x: whole(shape) }, { begin, size });
        const axis = which % shape.length;
        const parts = [shape[axis]!, ...others].map((length) =>
          whole(shape.map((each, at) => (at === axis ? length : each))),
        );
        await expectSame('Concat', parts, { axis });
      },
    ),
    RUNS,
  );
});

test('phases of images, and images of phases, equal those of the cpu backend', async () => {
  const side = fc.record({
    block: fc.integer({ min: 1, max: 5 }),
    places: fc.integer({ min: 1, max: 4 }),
    before: fc.nat(6),
    after: fc.nat(6),
  });
  await fc.assert(
    fc.asyncProperty(side, side, fc.nat(3), fc.nat(3), async (down, right, images, depth) => {
      const sides = [down, right];
      const blockShape = sides.map(({ block }) => block);
      const margins = sides.map(({ block, places, before, after }) => {
        const first = Math.min(before, block * places - 1);
        return [first, Math.min(after, block * places - 1 - first)];
      });
      const lengths = sides.map(
        ({ block, places }, i) => block * places - margins[i]![0]! - margins[i]![1]!,
      );
      const x = whole([images, ...lengths, depth]);
      await expectSame('SpaceToBatchND', { x }, { blockShape, paddings: margins });
      const count = images * blockShape[0]! * blockShape[1]!;
      const phases = whole([count, down.places, right.places, depth]);
      await expectSame('BatchToSpaceND', { x: phases }, { blockShape, crops: margins });
    }),
    RUNS,
  );
});

test('filters with gaps, and strides that differ by axis, are left to the backend', async () => {
  const inputs = { x: whole([2, 9, 8, 3]), filter: whole([3, 3, 3, 4]) };
  const attributes = { pad: 'valid', dataFormat: 'NHWC' };
  const wide = { ...attributes, strides: [1, 1], dilations: [2, 2] };
  await expectSame('Conv2D', inputs, wide);
  await expectSame('Conv2D', inputs, { ...attributes, strides: [2, 1], dilations: [1, 1] });
});

describe('in one pass, with the bytes of the operations one by one', () => {
  const normal = (shape: readonly number[]) =>
    tf.tensor(
      Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, () => random.normal()),
      [...shape],
    );
  const expectEqual = (fused: tf.Tensor, composed: tf.Tensor) => {
    expect(fused.shape).toEqual(composed.shape);
    expect(fused.dataSync()).toEqual(composed.dataSync());
  };
  const SHAPES = [[0, 3], [1], [3], [4], [3, 7], [2, 3, 4, 5]];

  test('an update by Adam, and an average', async () => {
    await tf.setBackend('wasm');
    const { beta1, beta2, epsilon } = ADAM_DEFAULTS;
    const factors = { beta1, beta2, epsilon, rate: 0.0123, correction: 1.7 };
    for (const shape of SHAPES) {
      const [values, gradient, first] = [normal(shape), normal(shape), normal(shape)];
      const second = tf.square(normal(shape));
      const [p, m, v] = fusedAdam({ values, gradient, first, second }, factors)!;
      const newFirst = tf.add(tf.mul(first, beta1), tf.mul(gradient, 1 - beta1));
      const newSecond = tf.add(tf.mul(second, beta2), tf.mul(tf.square(gradient), 1 - beta2));
      const deviation = tf.add(tf.mul(tf.sqrt(newSecond), factors.correction), epsilon);
      expectEqual(m, newFirst);
      expectEqual(v, newSecond);
      expectEqual(p, tf.sub(values, tf.div(tf.mul(newFirst, factors.rate), deviation)));
      const sum = blend(values, first, 0.998, 0.25);
      expectEqual(sum, tf.add(tf.mul(values, 0.998), tf.mul(first, 0.25)));
    }
  });

  test('leaky ReLU and its gradient', async () => {
    await tf.setBackend('wasm');
    for (const shape of SHAPES) {
      const [x, dy] = [normal(shape), normal(shape)];
      expectEqual(tf.leakyRelu(x, 0.2), tf.mul(x, tf.step(x, 0.2)));
      expectEqual(fusedLeakyGradient(dy, x, 0.2)!, tf.mul(dy, tf.step(x, 0.2)));
    }
  });

  test('batch norm and its gradients', async () => {
    await tf.setBackend('wasm');
    for (const channels of [1, 2, 4, 7, 20]) {
      const shape = [2, 3, 5, channels];
      const [x, dy, weight, bias] = [
        normal(shape),
        normal(shape),
        normal([channels]),
        normal([channels]),
      ];
      const axes = [0, 1, 2];
      const { value, kept, mean, variance } = fusedNormalise({ x, weight, bias }, 1e-5)!;
      const [unit, inverse] = kept;
      const centred = tf.sub(x, tf.mean(x, axes));
      expectEqual(mean, tf.mean(x, axes));
      expectEqual(variance, tf.mean(tf.square(centred), axes));
      expectEqual(inverse!, tf.div(1, tf.sqrt(tf.add(variance, 1e-5))));
      expectEqual(unit!, tf.mul(centred, inverse!));
      expectEqual(value, tf.add(tf.mul(unit!, weight), bias));
      const [dx, dWeight, dBias] = fusedNormaliseGradient(dy, weight, kept, 1e-5)!;
      expectEqual(dWeight!, tf.sum(tf.mul(dy, unit!), axes));
      expectEqual(dBias!, tf.sum(dy, axes));
      const shifted = tf.sub(dy, tf.div(dBias!, 30));
      const rest = tf.sub(shifted, tf.mul(unit!, tf.div(dWeight!, 30)));
      expectEqual(dx!, tf.mul(rest, tf.mul(weight, inverse!)));
    }
  });

  test('other backends compose them', async () => {
    await tf.setBackend('cpu');
    const x = normal([3]);
    expectEqual(blend(x, x, 0.5, 2), tf.add(tf.mul(x, 0.5), tf.mul(x, 2)));
    expect(fusedLeakyGradient(x, x, 0.2)).toBeUndefined();
  });
});
