/** Puts our kernels in the place of the WebGPU backend's own where those are slow or not repeatable. */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { sumRows } from './column-sum.js';
import { convolve } from './convolution.js';
import { filterGradient } from './filter-gradient.js';
import { inputGradient } from './input-gradient.js';
import { multiply } from './matrix-product.js';
import { rowWise } from './row-wise.js';

interface Call {
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  readonly attrs: tf.NamedAttrMap;
  readonly backend: WebGPUBackend;
}

/** Gives null for a case that is left to the backend's own kernel. */
type Override = (call: Call) => tf.TensorInfo | null;

let registered = false;

/** Registers the overrides; a second call does nothing. */
export function registerKernels(): void {
  if (registered) return;
  registered = true;
  override('Conv2DBackpropFilter', ({ inputs, attrs, backend }) => {
    const { x, dy } = inputs as { x: tf.TensorInfo; dy: tf.TensorInfo };
    const conv = convolution(x.shape, attrs.filterShape as number[], attrs);
    return conv && filterGradient(backend, x, dy, conv);
  });
  override('Conv2DBackpropInput', ({ inputs, attrs, backend }) => {
    const { dy, filter } = inputs as { dy: tf.TensorInfo; filter: tf.TensorInfo };
    const conv = convolution(attrs.inputShape as number[], filter.shape, attrs);
    return conv && inputGradient(backend, dy, filter, conv);
  });
  override('Conv2D', ({ inputs, attrs, backend }) => {
    const { x, filter } = inputs as { x: tf.TensorInfo; filter: tf.TensorInfo };
    const conv = convolution(x.shape, filter.shape, attrs);
    return conv && convolve(backend, x, filter, conv);
  });
  override('BatchMatMul', ({ inputs, attrs, backend }) => {
    const { a, b } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
    const plain = [a, b].every(({ dtype, shape }) => dtype === 'float32' && shape.length === 2);
    if (!plain || isEmpty(a) || isEmpty(b)) return null;
    const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
    return multiply(
      backend,
      { tensor: a, transposed: transposeA },
      { tensor: b, transposed: transposeB },
    );
  });
  for (const name of ['Add', 'Sub', 'Multiply'] as const) {
    override(name, ({ inputs, backend }) => {
      const { a, b } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
      return rowWise(backend, name, a, b);
    });
  }
  override('Sum', (call) => reduceLeading(call, () => 1));
  override('Mean', (call) => reduceLeading(call, (rows) => 1 / rows));
  // What is left to it: its matrix product for long inner dimensions adds floats atomically, in another order each time.
  tf.env().set('WEBGPU_MATMUL_PROGRAM_TYPE', PACKED_MATMUL);
}

/** `MatMulProgramType.MatMulPackedProgram`. */
const PACKED_MATMUL = 3;

function override(kernelName: string, replacement: Override): void {
  const own = tf.getKernel(kernelName, 'webgpu');
  tf.unregisterKernel(kernelName, 'webgpu');
  tf.registerKernel({
    ...own,
    kernelFunc: (call) => replacement(call as unknown as Call) ?? own.kernelFunc(call),
  });
}

const isEmpty = ({ shape }: tf.TensorInfo): boolean => tf.util.sizeFromShape(shape) === 0;

/** Null for what our kernels do not compute: channels first, or dilated. */
function convolution(
  inShape: readonly number[],
  filterShape: readonly number[],
  attrs: tf.NamedAttrMap,
): tf.backend_util.Conv2DInfo | null {
  if (attrs.dataFormat !== 'NHWC') return null;
  const conv = tf.backend_util.computeConv2DInfo(
    inShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    attrs.strides as number | [number, number],
    (attrs.dilations ?? 1) as number | [number, number],
    attrs.pad as number | 'same' | 'valid',
    attrs.dimRoundingMode as 'floor' | 'round' | 'ceil',
  );
  return conv.dilationHeight === 1 && conv.dilationWidth === 1 ? conv : null;
}

/** Reductions of float32 over all axes, or all but the last; others go to the backend's own kernel. */
function reduceLeading(call: Call, scale: (rows: number) => number): tf.TensorInfo | null {
  const { x } = call.inputs as { x: tf.TensorInfo };
  const rank = x.shape.length;
  const axes = tf.util.parseAxisParam(call.attrs.axis as number | number[], x.shape);
  const all = axes.length === rank;
  const allButLast = rank > 1 && axes.length === rank - 1 && !axes.includes(rank - 1);
  const columns = all ? 1 : (x.shape[rank - 1] ?? 0);
  const rows = tf.util.sizeFromShape(x.shape) / columns;
  if (x.dtype !== 'float32' || !(all || allButLast) || !(rows > 0)) return null;
  const sum = sumRows(call.backend, x, rows, scale(rows));
  const kept = all ? [] : [columns];
  return { ...sum, shape: call.attrs.keepDims ? [...axes.map(() => 1), ...kept] : kept };
}
