/**
 * Kernels on TensorFlow's library: single operations that it has, where its package for Node composes them
 * or repeats work in each call.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  ADAM,
  type AdamFactors,
  BLUR,
  BLUR_GRADIENT,
  LEAKY_RELU_GRADIENT,
  NORMALISE,
  NORMALISE_GRADIENT,
} from './fused.js';

const BACKEND = 'tensorflow';

/** What is used of the backend of @tensorflow/tfjs-node. */
interface Backend {
  readonly binding: Readonly<Record<string, number>>;
  incRef(data: tf.DataId): void;
  executeMultipleOutputs(
    name: string,
    attributes: { readonly name: string; readonly type: number; readonly value: unknown }[],
    inputs: tf.Tensor[],
    outputs: number,
  ): tf.Tensor[];
}

interface Call {
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly backend: Backend;
}

/** Gives undefined where it leaves the call to the package's kernel. */
type Kernel = (call: Call) => tf.TensorInfo | tf.TensorInfo[] | undefined;

const KERNELS: Readonly<Record<string, Kernel>> = {
  Reshape({ inputs: { x }, attrs, backend }) {
    const shape = attrs.shape as number[];
    if (tf.util.arraysEqual(shape, x!.shape)) {
      backend.incRef(x!.dataId);
      return { dataId: x!.dataId, shape, dtype: x!.dtype };
    }
    return execute(backend, 'Reshape', [x!, integers(shape)]);
  },
  Sum: (call) => reduce('Sum', call),
  Mean: (call) => reduce('Mean', call),
  [ADAM]: ({ inputs, attrs, backend }) =>
    applyAdam(inputs, attrs as unknown as AdamFactors, backend),
  [LEAKY_RELU_GRADIENT]: ({ inputs: { dy, x }, attrs: { alpha }, backend }) =>
    execute(backend, 'LeakyReluGrad', [dy!, x!], { alpha: alpha as number }),
  [NORMALISE]({ inputs: { x, weight, bias }, attrs, backend }) {
    const none = constant('none', () => tf.tensor1d([], 'float32'));
    const [value, mean, variance, ...reserved] = executeAll(
      backend,
      'FusedBatchNormV3',
      [x!, weight!, bias!, none, none],
      { epsilon: attrs.epsilon as number },
      6,
    );
    const count = x!.size / weight!.size;
    // TensorFlow's is the variance of a sample.
    const population = tf.mul(variance!, Math.max(1, count - 1) / count);
    variance!.dispose();
    return [value!, mean!, population, tf.clone(x!), ...reserved];
  },
  [NORMALISE_GRADIENT]({ inputs: { dy, weight, kept0: x, ...reserved }, attrs, backend }) {
    const { kept1, kept2, kept3 } = reserved;
    const given = [dy!, x!, weight!, kept1!, kept2!, kept3!];
    const epsilon = attrs.epsilon as number;
    const gradients = executeAll(backend, 'FusedBatchNormGradV3', given, { epsilon }, 5);
    tf.dispose(gradients.splice(3));
    return gradients;
  },
  [BLUR]({ inputs: { x, taps }, backend }) {
    const [, height, width] = x!.shape as [number, number, number];
    const across = product(backend, x!, band(taps!, width));
    const blurred = product(backend, band(taps!, height), across, { adj_x: true });
    across.dispose();
    return blurred;
  },
  [BLUR_GRADIENT]({ inputs: { dy, taps }, backend }) {
    const [height, width] = dy!.shape.slice(1).map((side) => side + taps!.size - 1);
    const across = product(backend, dy!, band(taps!, width!), { adj_y: true });
    const gradient = product(backend, band(taps!, height!), across);
    across.dispose();
    return gradient;
  },
};

/** Registers all of them, once in a process, after the package registered its own. */
export function registerTensorflowKernels(): void {
  for (const [kernelName, kernel] of Object.entries(KERNELS)) {
    // Typed as always present.
    const original = tf.getKernel(kernelName, BACKEND) as tf.KernelConfig | undefined;
    if (original) tf.unregisterKernel(kernelName, BACKEND);
    const kernelFunc = (call: Parameters<tf.KernelFunc>[0]) =>
      kernel(call as unknown as Call) ?? original!.kernelFunc(call);
    tf.registerKernel({ kernelName, backendName: BACKEND, kernelFunc });
  }
}

/** An array is a shape. TensorFlow infers types from the inputs, except `dtype`. */
type Attributes = Readonly<Record<string, number | boolean | string | number[]>>;

function execute(
  backend: Backend,
  name: string,
  inputs: tf.Tensor[],
  attributes: Attributes = {},
): tf.Tensor {
  return executeAll(backend, name, inputs, attributes, 1)[0]!;
}

function executeAll(
  backend: Backend,
  name: string,
  inputs: tf.Tensor[],
  attributes: Attributes,
  outputs: number,
): tf.Tensor[] {
  const { binding } = backend;
  const given = Object.entries(attributes).map(([name, value]) => {
    if (name === 'dtype')
      return { name, type: binding.TF_ATTR_TYPE!, value: binding[value as string] };
    if (typeof value === 'number') return { name, type: binding.TF_ATTR_FLOAT!, value };
    if (typeof value === 'boolean') return { name, type: binding.TF_ATTR_BOOL!, value };
    if (typeof value === 'string') return { name, type: binding.TF_ATTR_STRING!, value };
    return { name, type: binding.TF_ATTR_SHAPE!, value };
  });
  return backend.executeMultipleOutputs(name, given, inputs, outputs);
}

/** With this name TensorFlow makes a variable that only its handle finds. */
const ANONYMOUS = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347';

/** TensorFlow's Adam changes variables, which live for this call only. */
function applyAdam(
  { values, first, second, gradient }: Call['inputs'],
  { beta1, beta2, rate, correction, epsilon }: AdamFactors,
  backend: Backend,
): tf.Tensor[] {
  const variables = [values!, first!, second!].map((value) => {
    const attributes = { dtype: 'TF_FLOAT', shape: value.shape, shared_name: ANONYMOUS };
    const variable = execute(backend, 'VarHandleOp', [], attributes);
    executeAll(backend, 'AssignVariableOp', [variable, value], {}, 0);
    return variable;
  });
  // TensorFlow adds epsilon before the correction. `rate` and `correction` contain the powers of the betas.
  const numbers = [0, 0, rate / correction, beta1, beta2, epsilon / correction];
  const factors = numbers.map((value) => tf.scalar(value));
  executeAll(backend, 'ResourceApplyAdam', [...variables, ...factors, gradient!], {}, 0);
  const read = (variable: tf.Tensor) =>
    execute(backend, 'ReadVariableOp', [variable], { dtype: 'TF_FLOAT' });
  const updated = variables.map(read);
  for (const variable of variables) executeAll(backend, 'DestroyResourceOp', [variable], {}, 0);
  tf.dispose([variables, factors]);
  return updated;
}

function reduce(name: 'Sum' | 'Mean', { inputs: { x }, attrs, backend }: Call) {
  const { axis, keepDims = false } = attrs as { axis: number | number[]; keepDims?: boolean };
  if (x!.dtype !== 'float32') return undefined;
  const axes = integers(tf.util.parseAxisParam(axis, x!.shape));
  return execute(backend, name, [x!, axes], { keep_dims: keepDims });
}

/** Of each matrix of a and b, one of which may be a single matrix. */
function product(
  backend: Backend,
  a: tf.Tensor,
  b: tf.Tensor,
  transposed: { readonly adj_x?: true; readonly adj_y?: true } = {},
): tf.Tensor {
  return execute(backend, 'BatchMatMulV2', [a, b], transposed);
}

/** Shapes, axes and windows as tensors: some tens for each network, which stay. */
const constants = new Map<string, tf.Tensor>();

function constant(key: string, make: () => tf.Tensor): tf.Tensor {
  const known = constants.get(key);
  if (known) return known;
  const made = tf.keep(make());
  constants.set(key, made);
  return made;
}

function integers(values: number[]): tf.Tensor {
  return constant(values.join(), () => tf.tensor1d(values, 'int32'));
}

/** [length, length − k + 1]: column j holds the k taps from row j on. */
function band(taps: tf.Tensor, length: number): tf.Tensor {
  const window = taps.dataSync();
  return constant(`${length}: ${window.join()}`, () => {
    const columns = length - window.length + 1;
    const values = new Float32Array(length * columns);
    for (let column = 0; column < columns; column++) {
      for (const [i, tap] of window.entries()) values[(column + i) * columns + column] = tap;
    }
    return tf.tensor2d(values, [length, columns]);
  });
}
