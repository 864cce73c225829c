/** What the WASM backend lacks, or does slowly or inexactly, when training, in one table. Measured by bench/wasm-kernels.ts. */
import {
  ADAM,
  BLEND,
  BLUR,
  BLUR_GRADIENT,
  LEAKY_RELU_GRADIENT,
  NORMALISE,
  NORMALISE_GRADIENT,
} from '../fused.js';
import { blur, blurGradient } from './blur.js';
import { convolution, filterGradient, inputGradient } from './convolution.js';
import { batchToSpace, concat, identity, pad, slice, spaceToBatch } from './copying.js';
import { leakyRelu, leakyReluGradient, overChannels } from './elementwise.js';
import { matMul } from './matmul.js';
import { normalise, normaliseGradient } from './normalise.js';
import { overrideKernel, type Replacement } from './override.js';
import { maxPoolGradient } from './pooling.js';
import { mean, sum } from './sum.js';
import { adam, blend } from './updates.js';

const REPLACEMENTS: Readonly<Record<string, Replacement>> = {
  Conv2D: convolution,
  Conv2DBackpropFilter: filterGradient, // the backend has none
  Concat: concat,
  Identity: identity,
  Slice: slice,
  PadV2: pad,
  SpaceToBatchND: spaceToBatch,
  BatchToSpaceND: batchToSpace,
  Conv2DBackpropInput: inputGradient,
  BatchMatMul: matMul,
  MaxPoolGrad: maxPoolGradient,
  LeakyRelu: leakyRelu,
  [LEAKY_RELU_GRADIENT]: leakyReluGradient,
  [ADAM]: adam,
  [BLEND]: blend,
  [NORMALISE]: normalise,
  [NORMALISE_GRADIENT]: normaliseGradient,
  [BLUR]: blur,
  [BLUR_GRADIENT]: blurGradient,
  Add: overChannels('add'),
  Sub: overChannels('subtract'),
  Multiply: overChannels('multiply'),
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
