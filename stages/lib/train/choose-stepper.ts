/** Which stepper a backend is trained with. */

import type { OpenedBackend } from '@pipe-experiment/networks/backend/choose.js';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { packedSteppers } from './packed-stepper.js';
import { recordedSteppers } from './recorded-stepper.js';
import { plainSteppers, type StartStepper } from './stepper.js';
import type { Team } from './team.js';

/**
 * @param backend the one that is open
 * @param team that computes the shards of a batch, if it is cut into shards
 */
export function chooseStepper(backend: OpenedBackend, team?: Team): StartStepper {
  if (backend === 'webgpu') return recordedSteppers(tf.backend() as unknown as WebGPUBackend);
  if (backend === 'node' || backend === 'node-gpu') return packedSteppers;
  return plainSteppers(team?.differentiate);
}
