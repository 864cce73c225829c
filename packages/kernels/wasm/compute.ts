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
  readonly multiply: Compute;
  readonly multiply_first_turned: Compute;
  readonly multiply_second_turned: Compute;
}

const modules = new WeakMap<BackendWasm, ComputeModule>();

/**
 * Allocates an output, and calls a kernel with pointers to the inputs, to the output and to `scratch`
 * floats, which are freed then.
 */
export function computeOutput(
  backend: BackendWasm,
  shape: readonly number[],
  inputs: readonly TensorInfo[],
  scratch: number,
  call: (kernels: ComputeModule, ...pointers: number[]) => void,
): TensorInfo {
  const output = backend.makeOutput([...shape], 'float32');
  if (shape.includes(0)) return output;
  const room = backend.makeOutput([scratch], 'float32');
  const pointers = [...inputs, output, room].map(({ dataId }) => backend.getMemoryOffset(dataId));
  call(moduleOf(backend), ...pointers);
  backend.disposeData(room.dataId);
  return output;
}

/** Compiled at the first call: the memory is there only when the backend is. */
function moduleOf(backend: BackendWasm): ComputeModule {
  const known = modules.get(backend);
  if (known) return known;
  const { asm } = backend.wasm as unknown as { readonly asm?: { readonly memory?: unknown } };
  if (!(asm?.memory instanceof WebAssembly.Memory)) {
    throw new Error('the wasm backend of TensorFlow.js does not show its memory');
  }
  const module = new WebAssembly.Module(binary);
  const { exports } = new WebAssembly.Instance(module, { env: { memory: asm.memory } });
  const compiled = exports as unknown as ComputeModule;
  modules.set(backend, compiled);
  return compiled;
}
