/**
 * The cases that webgpu-child.ts computes on both backends: small, but beyond the tile edges of
 * every kernel.
 */

import { createRandom } from '@pipe-experiment/data/random.js';
import { multiply } from '@pipe-experiment/kernels/webgpu/matrix-product.js';
import { TILES, type Tile } from '@pipe-experiment/kernels/webgpu/tile.js';
import { tileKey } from '@pipe-experiment/kernels/webgpu/tile-source.js';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';

type Graph = (...inputs: tf.Tensor[]) => tf.Tensor;
export interface Case {
  readonly inputs: readonly tf.TensorLike[];
  readonly shapes: readonly (readonly number[])[];
  readonly graph: Graph;
}

const random = createRandom(1, 'webgpu');
const draw = (shape: readonly number[]) =>
  Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, () => random.normal());

function makeCase(shapes: readonly (readonly number[])[], graph: Graph): Case {
  return { shapes, graph, inputs: shapes.map(draw) };
}

/** A convolution and both its gradients. */
function convolution(
  x: [number, number, number, number],
  filter: [number, number, number, number],
  strides: [number, number],
  pad: 'same' | 'valid' | number,
): Convolution {
  const { outShape } = tf.backend_util.computeConv2DInfo(x, filter, strides, 1, pad);
  const attributes = { strides, pad, dataFormat: 'NHWC' };
  const run = (name: string, inputs: tf.NamedTensorMap, more: tf.NamedAttrMap) =>
    tf.engine().runKernel(name, inputs, { ...attributes, ...more }) as tf.Tensor;
  return {
    'filter gradient': makeCase([x, outShape], (a, dy) =>
      run('Conv2DBackpropFilter', { x: a!, dy: dy! }, { filterShape: filter }),
    ),
    'input gradient': makeCase([outShape, filter], (dy, w) =>
      run('Conv2DBackpropInput', { dy: dy!, filter: w! }, { inputShape: x }),
    ),
    convolution: makeCase([x, filter], (a, w) =>
      tf.conv2d(a as tf.Tensor4D, w as tf.Tensor4D, strides, pad),
    ),
  };
}

type Convolution = Readonly<Record<'filter gradient' | 'input gradient' | 'convolution', Case>>;

const CONVOLUTIONS: Readonly<Record<string, Convolution>> = {
  'stride 2, 5×5': convolution([2, 13, 13, 8], [5, 5, 8, 16], [2, 2], 'valid'),
  'uneven strides': convolution([1, 12, 10, 8], [3, 4, 8, 9], [2, 1], 'same'),
  'channels past a tile': convolution([2, 10, 10, 20], [3, 3, 20, 36], [1, 1], 'same'),
  'pixels in slices': convolution([2, 24, 24, 8], [3, 3, 8, 8], [1, 1], 'same'),
  'pixels that no tap reaches': convolution([2, 8, 8, 8], [2, 2, 8, 4], [3, 3], 'valid'),
  'one channel': convolution([2, 9, 9, 1], [3, 3, 1, 8], [1, 1], 2),
  'to one channel': convolution([2, 9, 9, 8], [3, 3, 8, 1], [1, 1], 'same'),
  'taps in slices, batch 1': convolution([1, 5, 5, 64], [3, 3, 64, 32], [1, 1], 'same'),
  'three channels': convolution([1, 7, 9, 3], [3, 3, 3, 5], [2, 2], 'same'),
  'the whole image': convolution([2, 5, 5, 4], [5, 5, 4, 6], [1, 1], 'valid'),
};

function product(rows: number, inner: number, columns: number, ta: boolean, tb: boolean): Case {
  const a = ta ? [inner, rows] : [rows, inner];
  const b = tb ? [columns, inner] : [inner, columns];
  return makeCase([a, b], (x, y) => tf.matMul(x!, y!, ta, tb));
}

const TURNS = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;

/** Each tile on a product a little larger than it, in two slices; the turns take turns. */
function tileCases(tiles: readonly Tile[]): Record<string, Case> {
  const cases = tiles.map((tile, i) => {
    // Few rows in a thread are for a left matrix that is not turned.
    const [ta, tb] = TURNS[tile.threadRows < 4 ? (i % 2) * 2 : i % 4]!;
    const rows = tile.rows + 5 - (i % 2);
    const inner = tile.depth * 3 + 4 - (i % 3);
    const columns = tile.columns + 1 + (i % 4);
    const plain = product(rows, inner, columns, ta, tb);
    const graph: Graph = (a, b) =>
      tf.getBackend() === 'webgpu' ? tiled(tile, a!, b!, ta, tb) : plain.graph(a!, b!);
    return [`tile ${tileKey(tile)}`, { ...plain, graph }];
  });
  return Object.fromEntries(cases);
}

function tiled(tile: Tile, a: tf.Tensor, b: tf.Tensor, ta: boolean, tb: boolean): tf.Tensor {
  const backend = tf.backend() as unknown as WebGPUBackend;
  const factors = [
    { tensor: a, transposed: ta },
    { tensor: b, transposed: tb },
  ] as const;
  const out = multiply(backend, ...factors, () => ({ tile, slices: 2, steps: 2 }));
  return tf.engine().makeTensorFromTensorInfo(out);
}

export const ALL_CASES: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    Object.entries(CONVOLUTIONS).flatMap(([name, kernels]) =>
      Object.entries(kernels).map(([kernel, one]) => [`${kernel}, ${name}`, one]),
    ),
  ),
  ...tileCases(TILES.filter(({ threadRows }) => threadRows < 4)),
  'sum over rows': makeCase([[3, 50, 50, 2]], (x) => tf.sum(tf.square(x!), [0, 1, 2])),
  'sum over an odd number of rows': makeCase([[1001, 3]], (x) => tf.sum(tf.square(x!), 0)),
  'mean with kept axes': makeCase([[2, 30, 30, 70]], (x) => tf.mean(tf.abs(x!), [0, 1, 2], true)),
  'sum over one row': makeCase([[1, 5]], (x) => tf.sum(x!, [0])),
  'sum over few rows of many columns': makeCase([[5, 40_001]], (x) => tf.sum(tf.square(x!), 0)),
  'sum over many rows in slices': makeCase([[1536, 32]], (x) => tf.sum(tf.square(x!), 0)),
  'sum of everything': makeCase([[4, 30, 50, 2]], (x) => tf.sum(tf.square(x!))),
  'mean of everything, axes kept': makeCase([[7, 9]], (x) => tf.mean(tf.square(x!), [0, 1], true)),
  'sum of a scalar': makeCase([[]], (x) => tf.sum(tf.square(x!))),
  'sum over the last axis': makeCase([[4, 70]], (x) => tf.sum(tf.square(x!), 1)),
  'matrix product in slices': product(20, 2100, 30, false, false),
  'matrix product in slices, both turned': product(20, 2100, 30, true, true),
  'matrix product of one tile': product(5, 3, 7, false, false),
  'matrix product, left one turned': product(33, 40, 132, true, false),
  'matrix product, right one turned': product(33, 40, 132, false, true),
  'bias of many channels': makeCase([[2, 5, 7, 8], [8]], (x, bias) => tf.add(x!, bias!)),
  'vector less each row': makeCase([[6, 3], [3]], (x, v) => tf.sub(v!, x!)),
  'scale of each channel': makeCase([[2, 3, 4, 5], [5]], (x, scale) => tf.mul(x!, scale!)),
};

const FEW = [
  'filter gradient, stride 2, 5×5',
  'input gradient, stride 2, 5×5',
  'convolution, stride 2, 5×5',
  'convolution, to one channel',
  'sum over rows',
  'sum of everything',
  'matrix product in slices',
  'matrix product, right one turned',
  'bias of many channels',
];

/** One of each kind: a software driver compiles a shader for half a second to a few. */
export const CASES = Object.fromEntries(FEW.map((name) => [name, ALL_CASES[name]!]));

/** A software driver takes a second to compile the smallest of these, and half a minute for the largest. */
export const ALL_TILES: Readonly<Record<string, Case>> = tileCases(TILES);
