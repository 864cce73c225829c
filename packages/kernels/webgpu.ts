/** The WebGPU backend of TensorFlow.js in Node: any GPU with a Vulkan, Metal or Direct3D 12 driver. */
import * as tf from '@tensorflow/tfjs-core';
import { type Adapter, openDevice } from './webgpu/device.js';
import { registerKernels } from './webgpu/kernels.js';

export { loadWebgpu } from './webgpu/device.js';

export interface Webgpu {
  readonly adapter: Adapter;
  /** Ends the backend and lets the process exit. */
  close(): void;
}

/**
 * Makes `webgpu` the current backend and gives its adapter; null when no driver offers a GPU.
 *
 * Read tensors with `await tensor.data()`: this backend cannot read synchronously outside a browser.
 */
export async function openWebgpu(): Promise<Webgpu | null> {
  const device = await openDevice();
  if (device === null) return null;
  registerKernels();
  tf.registerBackend('webgpu', () => device.backend);
  await tf.setBackend('webgpu');
  return {
    adapter: device.adapter,
    close() {
      tf.removeBackend('webgpu');
      device.close();
    },
  };
}
