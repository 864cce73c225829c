/** What the WASM backend lacks or does slowly when training, in one table. Measured in bench/kernels.ts. */
import * as tf from '@tensorflow/tfjs-core';
import { filterGradient, inputGradient } from './convolution.js';
import { leakyRelu, overChannels, sum } from './elementwise.js';
import { matMul } from './matmul.js';
import { composed, overrideKernel, type Replacement } from './override.js';
import { maxPoolGradient } from './pooling.js';

const REPLACEMENTS: Readonly<Record<string, Replacement>> = {
  Conv2DBackpropFilter: composed(filterGradient), // the backend has none
  Conv2DBackpropInput: composed(inputGradient),
  BatchMatMul: composed(matMul),
  MaxPoolGrad: maxPoolGradient,
  LeakyRelu: composed(leakyRelu),
  Add: composed(overChannels(tf.add)),
  Sub: composed(overChannels(tf.sub)),
  Multiply: composed(overChannels(tf.mul)),
  Sum: composed(sum),
};

let registered = false;

/** Registers all of them, once in a process and before the backend is initialised. */
export function registerWasmKernels(): void {
  if (registered) return;
  registered = true;
  for (const [name, replacement] of Object.entries(REPLACEMENTS)) overrideKernel(name, replacement);
}
