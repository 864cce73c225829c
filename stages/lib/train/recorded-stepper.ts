/**
 * The stepper of the WebGPU backend: the first update of an epoch is recorded, the others are
 * replays of it. Weights, moments and averages change where they lie.
 */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { NEW_SHARE, unbiased } from '../nn/batchnorm.js';
import { type Params, param } from '../nn/params.js';
import { adamInPlace, blendInPlace, Numbers } from '../webgpu/in-place.js';
import { bufferOf, flush, forgetValues } from '../webgpu/internals.js';
import { type Recording, record } from '../webgpu/recording.js';
import { ADAM_DEFAULTS, adamFactors } from './adam.js';
import { type Batch, disposeBatch } from './batch.js';
import type { Drawn } from './draw.js';
import { heldAt } from './ema.js';
import { differentiate, type StepLoss, type Weights } from './step.js';
import { disposeWeights, type EpochOptions, type StartStepper } from './stepper.js';

/** Updates handed to the GPU and not yet computed: enough to keep it busy. */
const UNDER_WAY = 3;

export function recordedSteppers(backend: WebGPUBackend): StartStepper {
  return (network, start, options) => {
    const weights = settle(backend, start);
    const numbers = startNumbers(backend);
    const losses = zeroLosses(backend);
    const pending: Promise<unknown>[] = [];
    let step = start.adam.step;
    let inputs: Inputs | undefined;
    let recording: Recording | undefined;
    let given = false;

    const update = ({ batch, noise }: Inputs) => {
      const { gradients, loss, moments } = differentiate(network, weights.params, batch, noise, {
        ...options,
      });
      for (const [name, gradient] of Object.entries(gradients)) {
        const [first, second] = [param(weights.adam.first, name), param(weights.adam.second, name)];
        const tensors = { param: param(weights.params, name), first, second, gradient };
        adamInPlace(backend, tensors, numbers.adam);
      }
      for (const { name, mean, variance, count } of moments) {
        const tracked = (part: string, batch: tf.Tensor) =>
          blendInPlace(backend, param(weights.params, `${name}.${part}`), batch, numbers.tracked);
        tracked('running_mean', mean);
        tf.tidy(() => tracked('running_var', unbiased(variance, count)));
      }
      for (const [name, average] of Object.entries(weights.ema ?? {})) {
        blendInPlace(backend, average, param(weights.params, name), numbers.average);
      }
      for (const part of LOSS_PARTS) blendInPlace(backend, losses[part], loss[part], numbers.sum);
      tf.dispose([gradients, Object.values(loss)]);
      tf.dispose(moments.flatMap(({ mean, variance }) => [mean, variance]));
    };

    return {
      async step(drawn) {
        step++;
        setNumbers(numbers, options, step);
        inputs ??= createInputs(backend, drawn, network.noise);
        writeInputs(backend, inputs, drawn);
        if (recording) recording.replay();
        else recording = record(backend, () => update(inputs!));
        pending.push(backend.queue.onSubmittedWorkDone());
        if (pending.length > UNDER_WAY) await pending.shift();
      },
      end() {
        given = true;
        forgetAll(backend, weights);
        return { weights: { ...weights, adam: { ...weights.adam, step } }, losses };
      },
      time: async (times) => (recording ? recording.time(times) : []),
      dispose() {
        recording?.dispose();
        for (const each of Object.values(numbers)) each.dispose();
        if (inputs) {
          disposeBatch(inputs.batch);
          inputs.noise.dispose();
        }
        if (given) return;
        disposeWeights(weights);
        tf.dispose(Object.values(losses));
      },
    };
  };
}

const LOSS_PARTS = ['reconstruction', 'kl', 'total'] as const;

/** What changes from update to update. */
interface Inputs {
  readonly batch: Batch;
  readonly noise: tf.Tensor;
}

function createInputs(
  backend: WebGPUBackend,
  { count, size, channels, noise }: Drawn,
  noiseShape: readonly number[],
): Inputs {
  const empty = (shape: readonly number[]) => {
    const tensor = tf.zeros([...shape]);
    bufferOf(backend, tensor);
    return tensor;
  };
  const inputs = {
    batch: {
      target: empty([count, size, size, channels]) as tf.Tensor4D,
      filled: empty([count, size, size, channels]) as tf.Tensor4D,
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
