/** What the WASM backend lacks, or does slowly or inexactly, when training, in one table. Measured by bench/wasm-kernels.ts. */
import * as tf from '@tensorflow/tfjs-core';
import { ADAM, BLEND, LEAKY_RELU_GRADIENT } from '../fused.js';
import { convolution, filterGradient, inputGradient } from './convolution.js';
import { concat, identity, slice } from './copying.js';
import { leakyRelu, leakyReluGradient, overChannels } from './elementwise.js';
import { matMul } from './matmul.js';
import { composed, overrideKernel, type Replacement } from './override.js';
import { maxPoolGradient } from './pooling.js';
import { mean, sum } from './sum.js';
import { adam, blend } from './updates.js';

const REPLACEMENTS: Readonly<Record<string, Replacement>> = {
  Conv2D: convolution,
  Conv2DBackpropFilter: filterGradient, // the backend has none
  Concat: concat,
  Identity: identity,
  Slice: slice,
  Conv2DBackpropInput: inputGradient,
  BatchMatMul: matMul,
  MaxPoolGrad: maxPoolGradient,
  LeakyRelu: leakyRelu,
  [LEAKY_RELU_GRADIENT]: leakyReluGradient,
  [ADAM]: adam,
  [BLEND]: blend,
  Add: composed(overChannels(tf.add)),
  Sub: composed(overChannels(tf.sub)),
  Multiply: composed(overChannels(tf.mul)),
  Sum: sum,
  Mean: mean,
};

let registered = false;

/** Registers all of them, once in a process and before the backend is initialised. */
export function registerWasmKernels(): void {
  if (registered) return;
  registered = true;
  for (const [name, replacement] of Object.entries(REPLACEMENTS)) overrideKernel(name, replacement);
}
