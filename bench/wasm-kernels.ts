/**
 * Times the kernels that training replaces on the wasm backend against the backend's own:
 *
 *   npx esbuild bench/wasm-kernels.ts --bundle --platform=node --format=esm --packages=external --loader:.wasm=binary --target=node20 \
 *     --alias:@pipe-experiment=./packages \
 *     --outfile=node_modules/.bench/wasm-kernels.mjs
 *   node node_modules/.bench/wasm-kernels.mjs
 *
 * Each figure is the mean of 5 medians of 9 calls, in CPU time: other work on the machine counts less.
 */
import '@tensorflow/tfjs-backend-wasm';
import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import * as tf from '@tensorflow/tfjs-core';

type Inputs = Record<string, tf.Tensor>;

interface Case {
  readonly kernel: string;
  readonly what: string;
  readonly inputs: () => Inputs;
  readonly attributes: tf.NamedAttrMap;
  /** Multiplications and additions; 0 where moving values is the work. */
  readonly flop: number;
}

const [B, S, C] = [16, 50, 32];
const IMAGE = [B, S, S, C];
const random = (...shape: number[]) => tf.randomNormal(shape, 0, 1, 'float32', 1);
const CONV = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC', dilations: [1, 1] };
const DOWN = { ...CONV, strides: [2, 2] };
const NO_MARGIN = [
  [0, 0],
  [0, 0],
];
const taps = (pixels: number, k: number, inputs: number, outputs: number) =>
  2 * B * pixels * k * k * inputs * outputs;

const CASES: readonly Case[] = [
  {
    kernel: 'Conv2D',
    what: '3×3, 32 → 32, stride 1',
    inputs: () => ({ x: random(...IMAGE), filter: random(3, 3, C, C) }),
    attributes: CONV,
    flop: taps(S * S, 3, C, C),
  },
  {
    kernel: 'Conv2DBackpropInput',
    what: '3×3, 32 → 32, stride 1',
    inputs: () => ({ dy: random(...IMAGE), filter: random(3, 3, C, C) }),
    attributes: { ...CONV, inputShape: IMAGE },
    flop: taps(S * S, 3, C, C),
  },
  {
    kernel: 'Conv2DBackpropInput',
    what: '4×4, 32 → 64, stride 2',
    inputs: () => ({ dy: random(B, S / 2, S / 2, 2 * C), filter: random(4, 4, C, 2 * C) }),
    attributes: { ...DOWN, inputShape: IMAGE },
    flop: taps((S / 2) ** 2, 4, C, 2 * C),
  },
  {
    kernel: 'Conv2DBackpropFilter',
    what: '3×3, 32 → 32, stride 1',
    inputs: () => ({ x: random(...IMAGE), dy: random(...IMAGE) }),
    attributes: { ...CONV, filterShape: [3, 3, C, C] },
    flop: taps(S * S, 3, C, C),
  },
  {
    kernel: 'Conv2DBackpropFilter',
    what: '4×4, 32 → 64, stride 2',
    inputs: () => ({ x: random(...IMAGE), dy: random(B, S / 2, S / 2, 2 * C) }),
    attributes: { ...DOWN, filterShape: [4, 4, C, 2 * C] },
    flop: taps((S / 2) ** 2, 4, C, 2 * C),
  },
  {
    kernel: 'Conv2DBackpropFilter',
    what: '3×3, 2 → 16',
    inputs: () => ({ x: random(B, 2 * S, 2 * S, 2), dy: random(B, 2 * S, 2 * S, 16) }),
    attributes: { ...CONV, filterShape: [3, 3, 2, 16] },
    flop: taps(4 * S * S, 3, 2, 16),
  },
  ...[false, true].map((transposeA) => ({
    kernel: 'BatchMatMul',
    what: `512 × 512, ${transposeA ? 'first' : 'second'} transposed`,
    inputs: () => ({ a: random(512, 512), b: random(512, 512) }),
    attributes: { transposeA, transposeB: !transposeA },
    flop: 2 * 512 ** 3,
  })),
  {
    kernel: 'MaxPoolGrad',
    what: '2×2',
    inputs: () => ({
      input: random(...IMAGE),
      output: random(B, S / 2, S / 2, C),
      dy: random(B, S / 2, S / 2, C),
    }),
    attributes: { filterSize: [2, 2], strides: [2, 2], pad: 'valid' },
    flop: 0,
  },
  {
    kernel: 'LeakyRelu',
    what: '',
    inputs: () => ({ x: random(...IMAGE) }),
    attributes: { alpha: 0.2 },
    flop: 0,
  },
  {
    kernel: 'Add',
    what: 'a bias of 16 channels',
    inputs: () => ({ a: random(B, S, S, 16), b: random(16) }),
    attributes: {},
    flop: 0,
  },
  {
    kernel: 'Sum',
    what: 'over images and pixels',
    inputs: () => ({ x: random(...IMAGE) }),
    attributes: { axis: [0, 1, 2], keepDims: false },
    flop: 0,
  },
  ...['Sum', 'Mean'].map((kernel) => ({
    kernel,
    what: '600,000 values',
    inputs: () => ({ x: random(600_000) }),
    attributes: { axis: [0], keepDims: false },
    flop: 0,
  })),
  {
    kernel: 'Sum',
    what: 'over channels',
    inputs: () => ({ x: random(...IMAGE) }),
    attributes: { axis: [3], keepDims: false },
    flop: 0,
  },
  {
    kernel: 'Concat',
    what: 'image and mask',
    inputs: () => ({ 0: random(B, 2 * S, 2 * S, 1), 1: random(B, 2 * S, 2 * S, 1) }),
    attributes: { axis: 3 },
    flop: 0,
  },
  {
    kernel: 'Slice',
    what: 'half of the channels',
    inputs: () => ({ x: random(...IMAGE) }),
    attributes: { begin: [0, 0, 0, 0], size: [B, S, S, C / 2] },
    flop: 0,
  },
  {
    kernel: 'SpaceToBatchND',
    what: '2×2 phases',
    inputs: () => ({ x: random(...IMAGE) }),
    attributes: { blockShape: [2, 2], paddings: NO_MARGIN },
    flop: 0,
  },
  {
    kernel: 'BatchToSpaceND',
    what: '2×2 phases',
    inputs: () => ({ x: random(4 * B, S / 2, S / 2, C) }),
    attributes: { blockShape: [2, 2], crops: NO_MARGIN },
    flop: 0,
  },
  {
    kernel: 'Identity',
    what: '',
    inputs: () => ({ x: random(...IMAGE) }),
    attributes: {},
    flop: 0,
  },
];

/** The backend's own kernels, kept before ours take their place; typed as always present. */
const own = new Map(
  CASES.map(({ kernel }) => [kernel, tf.getKernel(kernel, 'wasm') as tf.KernelConfig | undefined]),
);
await openBackend('wasm');

console.log('| kernel | of | its own, ms | ours, ms | ours, GFLOP/s |\n|---|---|---|---|---|');
for (const { kernel, what, inputs, attributes, flop } of CASES) {
  const native = own.get(kernel);
  const theirs = native && measure(native, inputs, attributes);
  const ours = measure(tf.getKernel(kernel, 'wasm'), inputs, attributes);
  const rate = flop > 0 ? (flop / ours / 1e6).toFixed(1) : '–';
  console.log(
    `| ${kernel} | ${what} | ${theirs?.toFixed(2) ?? 'none'} | ${ours.toFixed(2)} | ${rate} |`,
  );
}

/** Milliseconds of CPU for a call. Fresh inputs for each: the backend remembers packed ones. */
function measure(kernel: tf.KernelConfig, make: () => Inputs, attrs: tf.NamedAttrMap): number {
  const medians = Array.from({ length: 5 }, () => {
    const times = Array.from({ length: 9 }, () => call(kernel, make(), attrs)).sort(
      (a, b) => a - b,
    );
    return times[4]!;
  });
  return medians.reduce((sum, ms) => sum + ms, 0) / medians.length;
}

function call(kernel: tf.KernelConfig, inputs: Inputs, attrs: tf.NamedAttrMap): number {
  tf.engine().startScope();
  const start = process.cpuUsage();
  // `Concat` takes a list, which the types do not say.
  const given = kernel.kernelName === 'Concat' ? Object.values(inputs) : inputs;
  kernel.kernelFunc({ inputs: given as tf.NamedTensorInfoMap, attrs, backend: tf.backend() });
  const { user, system } = process.cpuUsage(start);
  tf.engine().endScope();
  tf.dispose(inputs);
  return (user + system) / 1000;
}
