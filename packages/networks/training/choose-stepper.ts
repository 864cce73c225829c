/** Which stepper a backend is trained with. */

import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import type { OpenedBackend } from '../backend/choose.js';
import { packedSteppers } from './packed-stepper.js';
import { recordedSteppers } from './recorded-stepper.js';
import { plainSteppers, type StartStepper } from './stepper.js';

/** @param backend the one that is open */
export function chooseStepper(backend: OpenedBackend): StartStepper {
  if (backend === 'webgpu') return recordedSteppers(tf.backend() as unknown as WebGPUBackend);
  if (backend === 'node' || backend === 'node-gpu') return packedSteppers;
  return plainSteppers();
}
