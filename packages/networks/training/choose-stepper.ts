/** Which stepper a backend is trained with. */

import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import type { OpenedBackend } from '../backend/choose.js';
import { packedSteppers } from './packed-stepper.js';
import type { StartPasses } from './passes.js';
import { recordedSteppers } from './recorded-stepper.js';
import { plainSteppers, type StartStepper } from './stepper.js';

/**
 * @param backend the one that is open
 * @param startPasses another way to compute the derivatives of batches, where a backend allows one
 */
export function chooseStepper(backend: OpenedBackend, startPasses?: StartPasses): StartStepper {
  if (backend === 'webgpu') return recordedSteppers(tf.backend() as unknown as WebGPUBackend);
  if (backend === 'node' || backend === 'node-gpu') return packedSteppers;
  return plainSteppers(startPasses);
}
