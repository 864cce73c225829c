/** What the three products of a convolution share: forward, and its gradients. */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';
import { sumRows } from './column-sum.js';
import { int, type Uniform } from './program.js';

/** The sides of a convolution, as its shaders read them. */
export function convolutionUniforms(conv: backend_util.Conv2DInfo): Record<string, Uniform> {
  return {
    inHeight: int(conv.inHeight),
    inWidth: int(conv.inWidth),
    inChannels: int(conv.inChannels),
    outHeight: int(conv.outHeight),
    outWidth: int(conv.outWidth),
    outChannels: int(conv.outChannels),
    filterHeight: int(conv.filterHeight),
    filterWidth: int(conv.filterWidth),
    strideY: int(conv.strideHeight),
    strideX: int(conv.strideWidth),
    top: int(conv.padInfo.top),
    left: int(conv.padInfo.left),
  };
}

/** The sum of a product's `slices`, in their order; frees what it got. */
export function addSlices(
  backend: WebGPUBackend,
  partial: TensorInfo,
  slices: number,
  shape: readonly number[],
): TensorInfo {
  if (slices === 1) return { ...partial, shape: [...shape] };
  const sum = sumRows(backend, partial, slices, 1);
  backend.disposeData(partial.dataId);
  return { ...sum, shape: [...shape] };
}
