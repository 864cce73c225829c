/**
 * The stepper of the WebGPU backend: the first update of an epoch is recorded, the others are
 * replays of it. Weights, moments and averages change where they lie.
 */

import { adamInPlace, blendInPlace, Numbers } from '@pipe-experiment/kernels/webgpu/in-place.js';
import { bufferOf, flush, forgetValues } from '@pipe-experiment/kernels/webgpu/internals.js';
import { type Recording, record, type Timing } from '@pipe-experiment/kernels/webgpu/recording.js';
import { ADAM_DEFAULTS, adamFactors } from '@pipe-experiment/networks/adam.js';
import { type Moments, NEW_SHARE, unbiased } from '@pipe-experiment/networks/batchnorm.js';
import { heldAt } from '@pipe-experiment/networks/ema.js';
import { type Params, param } from '@pipe-experiment/networks/params.js';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import type { Network } from '../nn/network.js';
import { type Batch, disposeBatch } from './batch.js';
import type { Drawn } from './draw.js';
import { differentiate, type StepLoss, type Weights } from './step.js';
import {
  disposeWeights,
  type EpochEnd,
  type EpochOptions,
  type StartStepper,
  type Stepper,
} from './stepper.js';

/** Updates handed to the GPU and not yet computed: enough to keep it busy. */
const MOST_UNDER_WAY = 3;

export function recordedSteppers(backend: WebGPUBackend): StartStepper {
  return (network, start, options) => new RecordedStepper(backend, network, start, options);
}

class RecordedStepper implements Stepper {
  readonly #backend: WebGPUBackend;
  readonly #network: Network;
  readonly #options: EpochOptions;
  readonly #weights: Weights;
  readonly #numbers: StepNumbers;
  readonly #losses: StepLoss;
  readonly #underWay: Promise<unknown>[] = [];
  #step: number;
  #inputs: Inputs | undefined;
  #recording: Recording | undefined;
  #given = false;

  constructor(backend: WebGPUBackend, network: Network, start: Weights, options: EpochOptions) {
    this.#backend = backend;
    this.#network = network;
    this.#options = options;
    this.#weights = settle(backend, start);
    this.#numbers = startNumbers(backend);
    this.#losses = zeroLosses(backend);
    this.#step = start.adam.step;
  }

  async step(drawn: Drawn): Promise<void> {
    setNumbers(this.#numbers, this.#options, ++this.#step);
    this.#inputs ??= createInputs(this.#backend, drawn, this.#network.noise);
    const inputs = this.#inputs;
    writeInputs(this.#backend, inputs, drawn);
    if (this.#recording) this.#recording.replay();
    else this.#recording = record(this.#backend, () => this.#update(inputs));
    this.#underWay.push(this.#backend.queue.onSubmittedWorkDone());
    if (this.#underWay.length > MOST_UNDER_WAY) await this.#underWay.shift();
  }

  end(): EpochEnd {
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
    if (this.#inputs) {
      disposeBatch(this.#inputs.batch);
      this.#inputs.noise.dispose();
    }
    if (this.#given) return;
    disposeWeights(this.#weights);
    tf.dispose(Object.values(this.#losses));
  }

  /** What is recorded: nothing in it may depend on anything but what lies in buffers. */
  #update({ batch, noise }: Inputs): void {
    const { params } = this.#weights;
    const pass = differentiate(this.#network, params, batch, noise, this.#options);
    this.#descend(pass.gradients);
    this.#track(pass.moments);
    this.#average();
    for (const part of LOSS_PARTS) {
      blendInPlace(this.#backend, this.#losses[part], pass.loss[part], this.#numbers.sum);
    }
    tf.dispose([pass.gradients, Object.values(pass.loss)]);
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

const LOSS_PARTS = ['reconstruction', 'kl', 'total'] as const;

/** What changes from update to update. */
interface Inputs {
  readonly batch: Batch;
  readonly noise: tf.Tensor;
}

function createInputs(
  backend: WebGPUBackend,
  { count, size, channels, spread, noise }: Drawn,
  noiseShape: readonly number[],
): Inputs {
  const empty = (shape: readonly number[]) => {
    const tensor = tf.zeros([...shape]);
    bufferOf(backend, tensor);
    return tensor;
  };
  const depth = spread.length / (count * size * size);
  const inputs = {
    batch: {
      target: empty([count, size, size, channels]) as tf.Tensor4D,
      filled: empty([count, size, size, channels]) as tf.Tensor4D,
      ...(depth > 0 ? { spread: empty([count, size, size, depth]) as tf.Tensor4D } : {}),
      mask: empty([count, size, size, 1]) as tf.Tensor4D,
    },
    noise: empty([count, ...noiseShape]),
  };
  if (inputs.noise.size !== noise.length) throw new RangeError('the noise has another size');
  flush(backend); // their first zeros may be on the way: they must not come after what is written next
  return inputs;
}

function writeInputs(backend: WebGPUBackend, { batch, noise }: Inputs, drawn: Drawn): void {
  const write = (tensor: tf.Tensor, values: Float32Array) =>
    backend.queue.writeBuffer(bufferOf(backend, tensor), 0, values);
  write(batch.target, drawn.target);
  write(batch.filled, drawn.filled);
  if (batch.spread) write(batch.spread, drawn.spread);
  write(batch.mask, drawn.mask);
  write(noise, drawn.noise);
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

function zeroLosses(backend: WebGPUBackend): StepLoss {
  const zero = () => {
    const scalar = tf.scalar(0);
    bufferOf(backend, scalar);
    return scalar;
  };
  return { reconstruction: zero(), kl: zero(), total: zero() };
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
