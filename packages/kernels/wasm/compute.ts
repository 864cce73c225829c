/** Our own kernels for the WASM backend: compiled from native/compute.c, they run over its memory. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import binary from './compute.wasm';

type Compute = (...values: readonly number[]) => void;

/** Each takes pointers, then sizes; native/compute.c says what they mean. */
export interface ComputeModule {
  readonly convolve: Compute;
  readonly convolve_back: Compute;
  readonly convolve_filter: Compute;
  readonly convolve_fast: Compute;
  readonly convolve_back_fast: Compute;
  readonly convolve_filter_fast: Compute;
  readonly multiply: Compute;
  readonly multiply_packed: Compute;
  readonly multiply_first_turned: Compute;
  readonly multiply_second_turned: Compute;
  readonly blend: Compute;
  readonly adam: Compute;
  readonly leaky: Compute;
  readonly sum: Compute;
  readonly over_channels: Compute;
  readonly normalise: Compute;
  readonly normalise_back: Compute;
  readonly blur: Compute;
  readonly blur_back: Compute;
  readonly copy_window: Compute;
  readonly fill: Compute;
  readonly pool_back: Compute;
}

const modules = new WeakMap<BackendWasm, ComputeModule>();

/**
 * Allocates outputs, and calls a kernel with pointers to the inputs, to the outputs and to `scratch`
 * floats, which are freed then.
 */
export function computeOutputs(
  backend: BackendWasm,
  shapes: readonly (readonly number[])[],
  inputs: readonly TensorInfo[],
  scratch: number,
  call: (kernels: ComputeModule, ...pointers: number[]) => void,
): TensorInfo[] {
  const outputs = shapes.map((shape) => backend.makeOutput([...shape], 'float32'));
  if (shapes.every((shape) => shape.includes(0))) return outputs;
  const room = backend.makeOutput([scratch], 'float32');
  const tensors = [...inputs, ...outputs, room];
  call(moduleOf(backend), ...tensors.map(({ dataId }) => backend.getMemoryOffset(dataId)));
  backend.disposeData(room.dataId);
  return outputs;
}

export function computeOutput(
  backend: BackendWasm,
  shape: readonly number[],
  inputs: readonly TensorInfo[],
  scratch: number,
  call: (kernels: ComputeModule, ...pointers: number[]) => void,
): TensorInfo {
  return computeOutputs(backend, [shape], inputs, scratch, call)[0]!;
}

/** Compiled at the first call: the memory is there only when the backend is. */
function moduleOf(backend: BackendWasm): ComputeModule {
  const known = modules.get(backend);
  if (known) return known;
  const module = new WebAssembly.Module(binary);
  const { exports } = new WebAssembly.Instance(module, { env: { memory: memoryOf(backend) } });
  const compiled = exports as unknown as ComputeModule;
  modules.set(backend, compiled);
  return compiled;
}

export function memoryOf(backend: BackendWasm): WebAssembly.Memory {
  const { asm } = backend.wasm as unknown as { readonly asm?: { readonly memory?: unknown } };
  if (asm?.memory instanceof WebAssembly.Memory) return asm.memory;
  throw new Error('the wasm backend of TensorFlow.js does not show its memory');
}
