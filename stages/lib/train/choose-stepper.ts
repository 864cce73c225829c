/** Which stepper a backend is trained with. */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import type { OpenedBackend } from '../backend/choose.js';
import { recordedSteppers } from './recorded-stepper.js';
import { type StartStepper, startPlainStepper } from './stepper.js';

/** @param backend the one that is open */
export function chooseStepper(backend: OpenedBackend): StartStepper {
  return backend === 'webgpu'
    ? recordedSteppers(tf.backend() as unknown as WebGPUBackend)
    : startPlainStepper;
}
