/** The inner parts of TensorFlow.js's WebGPU backend that a recording needs; its types hide them. */
import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu';
import type { TensorInfo } from '@tensorflow/tfjs-core';

export type Device = WebGPUBackend['device'];
export type Buffer = ReturnType<WebGPUBackend['bufferManager']['acquireBuffer']>;
export type CommandEncoder = ReturnType<Device['createCommandEncoder']>;
export type ComputePass = ReturnType<CommandEncoder['beginComputePass']>;
export type Pipeline = ReturnType<Device['createComputePipeline']>;
export type BindGroup = ReturnType<Device['createBindGroup']>;

export interface Internals {
  commandEncoder: CommandEncoder | null;
  computePassEncoder: ComputePass | null;
  bufferManager: Pick<WebGPUBackend['bufferManager'], 'acquireBuffer' | 'releaseBuffer'>;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  recordAndSubmit(program: WebGPUProgram, ...rest: unknown[]): void;
}

export function internalsOf(backend: WebGPUBackend): Internals {
  return backend as unknown as Internals;
}

/** Submits what the backend has encoded and not submitted yet. */
export function flush(backend: WebGPUBackend): void {
  const internals = internalsOf(backend);
  internals.ensureCommandEncoderReady();
  internals.endComputePassEncoder();
  internals.submitQueue();
}

/** The buffer of a tensor, which is brought to the GPU if it is not there yet. */
export function bufferOf(backend: WebGPUBackend, tensor: TensorInfo): Buffer {
  backend.uploadToGPU(tensor.dataId);
  return backend.tensorMap.get(tensor.dataId).resource as Buffer;
}

/** To be called when the buffer of a tensor is written: the backend may hold a copy of what was there. */
export function forgetValues(backend: WebGPUBackend, tensor: TensorInfo): void {
  const data = backend.tensorMap.get(tensor.dataId) as { values: unknown };
  data.values = null;
}
