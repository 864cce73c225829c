/** Whether a network can be trained on a backend at all, said before hours are spent or the heap gives out. */

import { mistake } from '@pipe-experiment/data/mistake.js';
import type { OpenedBackend } from '@pipe-experiment/networks/backend/choose.js';
import { countParams, type ParamSpec } from '@pipe-experiment/networks/params.js';

/** WebAssembly addresses 4 GiB; some of it is for the activations of a batch. */
const WASM_BYTES = 3 * 2 ** 30;
/** Weights, two moments and gradients, and for a moment the weights and moments of the update. */
const COPIES = 7;

export function assertFits(
  backend: OpenedBackend,
  specs: readonly ParamSpec[],
  withAverage: boolean,
): void {
  if (backend !== 'wasm') return;
  const parameters = countParams(specs);
  const bytes = parameters * 4 * (withAverage ? COPIES + 2 : COPIES);
  if (bytes <= WASM_BYTES) return;
  const gigabytes = (bytes / 2 ** 30).toFixed(1);
  throw mistake(
    `${parameters} parameters take ${gigabytes} GiB in training, more than the wasm backend can hold`,
    'Make model.<name>.width smaller, or train on a GPU (train.backend: node-gpu or webgpu).',
  );
}
