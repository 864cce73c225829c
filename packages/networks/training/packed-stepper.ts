/**
 * The stepper of TensorFlow's library, where each operation costs microseconds, however small: between two
 * updates all parameters are one tensor, which Adam, clipping and the average change at once.
 */

import * as tf from '@tensorflow/tfjs-core';
import { type ParamSpec, type Params, param, sizeOf } from '../params.js';
import { clipGradients } from './clip.js';
import type { Passes } from './passes.js';
import { differentiate, mapWeights } from './step.js';
import { plainSteppers, type StartStepper } from './stepper.js';
import { toTensors } from './values.js';

/** No parameter has this name. */
const ALL = '';

export const packedSteppers: StartStepper = (objective, start, options) => {
  const trained = objective.specs.filter(({ trainable }) => trainable);
  const differentiatePacked: Passes['differentiate'] = (packed, values, clip) => {
    const params = unpack(trained, packed);
    const batch = toTensors(values);
    // Not replayed: kernels of this library run operations of TensorFlow.js.
    const derivatives = differentiate(objective, params, batch, 0);
    tf.dispose([batch, ...trained.map(({ name }) => params[name]!)]);
    const gradients = clipGradients(pack(trained, derivatives.gradients), clip);
    return { ...derivatives, gradients };
  };
  const steppers = plainSteppers(() => ({ differentiate: differentiatePacked, dispose() {} }));
  const packed = mapWeights(start, (params) => pack(trained, params));
  const stepper = steppers(objective, packed, options);
  return {
    ...stepper,
    async end() {
      const { weights, losses } = await stepper.end();
      const unpacked = mapWeights(weights, (params) => {
        const parts = unpack(trained, params);
        params[ALL]!.dispose();
        return parts;
      });
      return { weights: unpacked, losses };
    },
  };
};

/** Takes the trained ones over; the others, which batch norms track, stay as they are. */
function pack(trained: readonly ParamSpec[], params: Params): Params {
  const parts = trained.map(({ name }) => param(params, name));
  const all = tf.tidy(() => tf.concat(parts.map((part) => tf.reshape(part, [-1]))));
  tf.dispose(parts);
  const names = new Set(trained.map(({ name }) => name));
  const others = Object.entries(params).filter(([name]) => !names.has(name));
  return { ...Object.fromEntries(others), [ALL]: all };
}

function unpack(trained: readonly ParamSpec[], { [ALL]: all, ...others }: Params): Params {
  const lengths = trained.map(({ shape }) => sizeOf(shape));
  const parts = tf.tidy(() =>
    tf.split(all!, lengths).map((part, i) => tf.reshape(part, [...trained[i]!.shape])),
  );
  return { ...others, ...Object.fromEntries(trained.map(({ name }, i) => [name, parts[i]!])) };
}
