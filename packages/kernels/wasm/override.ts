/** Replaces single kernels of the WASM backend by faster ones, keeping its own for the other cases. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';

export type Tensors = Readonly<Record<string, tf.Tensor>>;
export type Attributes = Readonly<Record<string, unknown>>;

export interface Call {
  readonly inputs: Tensors;
  readonly attributes: Attributes;
  readonly backend: BackendWasm;
}

/** Gives the kernel's output, or undefined where it leaves the call to the kernel it replaces. */
export type Replacement = (call: Call) => tf.TensorInfo | tf.TensorInfo[] | undefined;

const BACKEND = 'wasm';

/**
 * Registers the replacement of a kernel. Must be called before the backend is initialised, since
 * the kernel that it replaces is set up then.
 */
export function overrideKernel(name: string, replacement: Replacement): void {
  // Typed as always present, but undefined where the backend lacks the kernel.
  const original = tf.getKernel(name, BACKEND) as tf.KernelConfig | undefined;
  if (original) tf.unregisterKernel(name, BACKEND);
  tf.registerKernel({
    ...original,
    kernelName: name,
    backendName: BACKEND,
    kernelFunc: (call) => {
      const replaced = replacement({
        inputs: call.inputs as unknown as Tensors,
        attributes: (call.attrs ?? {}) as Attributes,
        backend: call.backend as BackendWasm,
      });
      if (replaced) return replaced;
      if (original) return original.kernelFunc(call);
      throw new Error(`the wasm backend has no kernel for this case of ${name}`);
    },
  });
}
