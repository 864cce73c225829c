/** Kernels written over the WASM backend's heap: outputs, and views of tensors as typed arrays. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { TensorInfo } from '@tensorflow/tfjs-core';

/**
 * Allocates an output and hands views of it and of the inputs to `fill`. The views are taken after
 * the allocation, since growing the heap would detach them, and hold until the next one.
 */
export function fillOutput(
  backend: BackendWasm,
  shape: readonly number[],
  inputs: readonly TensorInfo[],
  fill: (out: Float32Array, ...inputs: Float32Array[]) => void,
): TensorInfo {
  const out = backend.makeOutput([...shape], 'float32');
  const view = (tensor: TensorInfo) => backend.typedArrayFromHeap(tensor) as Float32Array;
  fill(view(out), ...inputs.map(view));
  return out;
}
