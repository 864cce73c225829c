/**
 * The stepper of the WebGPU backend: the first update of an epoch is recorded, the others are
 * replays of it. Weights, moments and averages change where they lie.
 */

import { adamInPlace, blendInPlace, Numbers } from '@pipe-experiment/kernels/webgpu/in-place.js';
import { bufferOf, flush, forgetValues } from '@pipe-experiment/kernels/webgpu/internals.js';
import { type Recording, record, type Timing } from '@pipe-experiment/kernels/webgpu/recording.js';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { type Moments, NEW_SHARE, unbiased } from '../batchnorm.js';
import { type Params, param } from '../params.js';
import { ADAM_DEFAULTS, adamFactors } from './adam.js';
import { heldAt } from './ema.js';
import {
  differentiate,
  disposeWeights,
  type Losses,
  type Objective,
  type Weights,
} from './step.js';
import type { EpochEnd, EpochOptions, StartStepper, Stepper } from './stepper.js';
import { mapped, type Tensors, type Values } from './values.js';

/** Updates handed to the GPU and not yet computed: enough to keep it busy. */
const MOST_UNDER_WAY = 3;

export function recordedSteppers(backend: WebGPUBackend): StartStepper {
  return (objective, start, options) => new RecordedStepper(backend, objective, start, options);
}

class RecordedStepper implements Stepper {
  readonly #backend: WebGPUBackend;
  readonly #objective: Objective;
  readonly #options: EpochOptions;
  readonly #weights: Weights;
  readonly #numbers: StepNumbers;
  readonly #losses: Losses;
  readonly #underWay: Promise<unknown>[] = [];
  #step: number;
  #inputs: Tensors | undefined;
  #recording: Recording | undefined;
  #given = false;

  constructor(backend: WebGPUBackend, objective: Objective, start: Weights, options: EpochOptions) {
    this.#backend = backend;
    this.#objective = objective;
    this.#options = options;
    this.#weights = settle(backend, start);
    this.#numbers = startNumbers(backend);
    this.#losses = zeroLosses(backend, objective.losses);
    this.#step = start.adam.step;
  }

  async step(values: Values): Promise<void> {
    setNumbers(this.#numbers, this.#options, ++this.#step);
    this.#inputs ??= createInputs(this.#backend, values);
    const inputs = this.#inputs;
    writeInputs(this.#backend, inputs, values);
    if (this.#recording) this.#recording.replay();
    else this.#recording = record(this.#backend, () => this.#update(inputs));
    this.#underWay.push(this.#backend.queue.onSubmittedWorkDone());
    if (this.#underWay.length > MOST_UNDER_WAY) await this.#underWay.shift();
  }

  async end(): Promise<EpochEnd> {
    this.#given = true;
    forgetAll(this.#backend, this.#weights);
    const adam = { ...this.#weights.adam, step: this.#step };
    return { weights: { ...this.#weights, adam }, losses: this.#losses };
  }

  async time(times: number): Promise<readonly Timing[]> {
    return this.#recording ? this.#recording.time(times) : [];
  }

  dispose(): void {
    this.#recording?.dispose();
    for (const each of Object.values(this.#numbers)) each.dispose();
    tf.dispose(this.#inputs ?? {});
    if (this.#given) return;
    disposeWeights(this.#weights);
    tf.dispose(this.#losses);
  }

  /** What is recorded: nothing in it may depend on anything but what lies in buffers. */
  #update(inputs: Tensors): void {
    const { params } = this.#weights;
    const pass = differentiate(this.#objective, params, inputs, this.#options.clip);
    this.#descend(pass.gradients);
    this.#track(pass.moments);
    this.#average();
    for (const name of this.#objective.losses) {
      blendInPlace(this.#backend, this.#losses[name]!, pass.losses[name]!, this.#numbers.sum);
    }
    tf.dispose([pass.gradients, pass.losses]);
    tf.dispose(pass.moments.flatMap(({ mean, variance }) => [mean, variance]));
  }

  #descend(gradients: Params): void {
    const { params, adam } = this.#weights;
    for (const [name, gradient] of Object.entries(gradients)) {
      const tensors = {
        param: param(params, name),
        first: param(adam.first, name),
        second: param(adam.second, name),
        gradient,
      };
      adamInPlace(this.#backend, tensors, this.#numbers.adam);
    }
  }

  /** The running statistics of batch norms. */
  #track(moments: readonly Moments[]): void {
    const blend = (name: string, batch: tf.Tensor) =>
      blendInPlace(this.#backend, param(this.#weights.params, name), batch, this.#numbers.tracked);
    for (const { name, mean, variance, count } of moments) {
      blend(`${name}.running_mean`, mean);
      tf.tidy(() => blend(`${name}.running_var`, unbiased(variance, count)));
    }
  }

  #average(): void {
    const { params, ema } = this.#weights;
    for (const [name, average] of Object.entries(ema ?? {})) {
      blendInPlace(this.#backend, average, param(params, name), this.#numbers.average);
    }
  }
}

/** What changes from update to update. */
function createInputs(backend: WebGPUBackend, { count, arrays }: Values): Tensors {
  const inputs = mapped(arrays, ({ shape, values }, name) => {
    const tensor = tf.zeros([count, ...shape]);
    if (tensor.size !== values.length) throw new RangeError(`${name} has another size`);
    bufferOf(backend, tensor);
    return tensor;
  });
  flush(backend); // their first zeros may be on the way: they must not come after what is written next
  return inputs;
}

function writeInputs(backend: WebGPUBackend, inputs: Tensors, { arrays }: Values): void {
  for (const [name, { values }] of Object.entries(arrays))
    backend.queue.writeBuffer(bufferOf(backend, inputs[name]!), 0, values);
}

/** The numbers that the kernels of an update read. */
type StepNumbers = Readonly<Record<'adam' | 'average' | 'tracked' | 'sum', Numbers>>;

function startNumbers(backend: WebGPUBackend): StepNumbers {
  return {
    adam: new Numbers(backend, []),
    average: new Numbers(backend, []),
    tracked: new Numbers(backend, [1 - NEW_SHARE, NEW_SHARE]),
    sum: new Numbers(backend, [1, 1]),
  };
}

function setNumbers(numbers: StepNumbers, options: EpochOptions, step: number): void {
  const { beta1, beta2, epsilon } = ADAM_DEFAULTS;
  const learningRate = options.learningRateAt(step);
  const { rate, correction } = adamFactors({ ...ADAM_DEFAULTS, learningRate }, step);
  numbers.adam.set([rate, correction, beta1, beta2, epsilon]);
  const held = heldAt(options.ema, step);
  numbers.average.set([held, 1 - held]);
}

function zeroLosses(backend: WebGPUBackend, names: readonly string[]): Losses {
  const zeros = names.map((name) => {
    const scalar = tf.scalar(0);
    bufferOf(backend, scalar);
    return [name, scalar];
  });
  return Object.fromEntries(zeros);
}

/** The weights on the GPU, each with a buffer of its own: an average may begin as the weights themselves. */
function settle(backend: WebGPUBackend, { params, adam, ema }: Weights): Weights {
  const own = (tensors: Params) =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => {
        if (backend.refCount(tensor.dataId) === 1) return [name, tensor];
        const copy = tf.add(tensor, 0);
        tensor.dispose();
        return [name, copy];
      }),
    );
  const weights = {
    params: own(params),
    adam: { ...adam, first: own(adam.first), second: own(adam.second) },
    ema: ema && own(ema),
  };
  forgetAll(backend, weights);
  return weights;
}

function forgetAll(backend: WebGPUBackend, { params, adam, ema }: Weights): void {
  for (const tensors of [params, adam.first, adam.second, ema ?? {}]) {
    for (const tensor of Object.values(tensors)) {
      bufferOf(backend, tensor);
      forgetValues(backend, tensor);
    }
  }
}
