/** The gradient of 2×2 max-pooling on the WASM backend: its own is 20 times slower. */
import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { computeOutput } from './compute.js';
import type { Call } from './override.js';

/** Leaves other windows to the backend. */
export function maxPoolGradient({ inputs, attributes, backend }: Call): TensorInfo | undefined {
  const { dy, input } = inputs;
  const { filterSize, strides, pad } = attributes;
  if (!isTwo(filterSize) || !isTwo(strides)) return undefined;
  const shape = input!.shape as [number, number, number, number];
  const { padInfo, outHeight, outWidth } = backend_util.computePool2DInfo(
    shape,
    2,
    2,
    1,
    pad as 'valid',
  );
  if (padInfo.top !== 0 || padInfo.left !== 0) return undefined;
  return computeOutput(backend, shape, [input!, dy!], 0, (kernels, x, slopes, dx) => {
    kernels.pool_back(x!, slopes!, dx!, ...shape, outHeight, outWidth);
  });
}

function isTwo(lengths: unknown): boolean {
  return [lengths].flat().every((length) => length === 2);
}
