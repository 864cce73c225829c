/**
 * The gradients that our graphs need, for every backend: tfjs-core's package for Node registers
 * none, and its own for leaky ReLU is slow. A kernel without a row here cannot be trained through.
 */
import * as tf from '@tensorflow/tfjs-core';
import { fusedLeakyGradient } from './fused.js';

type Attributes = Readonly<Record<string, unknown>>;
/** Gives, for each input of the kernel, the gradient of the loss with respect to it. */
type Backward = (
  dy: tf.Tensor,
  saved: readonly tf.Tensor[],
  attributes: Attributes,
) => Record<string, () => tf.Tensor> | (() => tf.Tensor)[];

interface Rule {
  readonly inputs?: readonly string[] | 'all';
  readonly output?: true;
  readonly backward: Backward;
}

let registered = false;

/** Registers all rules, once in a process. */
export function registerGradients(): void {
  if (registered) return;
  registered = true;
  for (const [kernelName, rule] of Object.entries({ ...ELEMENTWISE, ...SHAPES, ...LINEAR })) {
    tf.registerGradient({
      kernelName,
      ...(rule.inputs === 'all'
        ? { saveAllInputs: true }
        : { inputsToSave: [...(rule.inputs ?? [])] }),
      ...(rule.output ? { outputsToSave: [true] } : {}),
      gradFunc: (dy, saved, attributes) =>
        rule.backward(dy as tf.Tensor, saved, attributes) as Record<string, () => tf.Tensor>,
    });
  }
}

const ELEMENTWISE: Readonly<Record<string, Rule>> = {
  Add: {
    inputs: ['a', 'b'],
    backward: (dy, [a, b]) => ({ a: () => fit(dy, a!), b: () => fit(dy, b!) }),
  },
  Sub: {
    inputs: ['a', 'b'],
    backward: (dy, [a, b]) => ({ a: () => fit(dy, a!), b: () => fit(tf.neg(dy), b!) }),
  },
  Multiply: {
    inputs: ['a', 'b'],
    backward: (dy, [a, b]) => ({
      a: () => fit(tf.mul(dy, b!), a!),
      b: () => fit(tf.mul(dy, a!), b!),
    }),
  },
  RealDiv: {
    inputs: ['a', 'b'],
    backward: (dy, [a, b]) => ({
      a: () => fit(tf.div(dy, b!), a!),
      b: () => fit(tf.neg(tf.div(tf.mul(dy, a!), tf.square(b!))), b!),
    }),
  },
  SquaredDifference: {
    inputs: ['a', 'b'],
    backward: (dy, [a, b]) => {
      const slope = () => tf.mul(tf.mul(dy, 2), tf.sub(a!, b!));
      return { a: () => fit(slope(), a!), b: () => fit(tf.neg(slope()), b!) };
    },
  },
  Neg: { backward: (dy) => ({ x: () => tf.neg(dy) }) },
  Square: { inputs: ['x'], backward: (dy, [x]) => ({ x: () => tf.mul(dy, tf.mul(x!, 2)) }) },
  Sqrt: { output: true, backward: (dy, [y]) => ({ x: () => tf.div(dy, tf.mul(y!, 2)) }) },
  Exp: { output: true, backward: (dy, [y]) => ({ x: () => tf.mul(dy, y!) }) },
  Log: { inputs: ['x'], backward: (dy, [x]) => ({ x: () => tf.div(dy, x!) }) },
  Abs: { inputs: ['x'], backward: (dy, [x]) => ({ x: () => tf.mul(dy, tf.step(x!, -1)) }) },
  Sigmoid: {
    output: true,
    backward: (dy, [y]) => ({ x: () => tf.mul(dy, tf.mul(y!, tf.sub(1, y!))) }),
  },
  Relu: { inputs: ['x'], backward: (dy, [x]) => ({ x: () => tf.mul(dy, tf.step(x!)) }) },
  LeakyRelu: {
    inputs: ['x'],
    backward: (dy, [x], { alpha }) => ({
      x: () =>
        fusedLeakyGradient(dy, x!, alpha as number) ?? tf.mul(dy, tf.step(x!, alpha as number)),
    }),
  },
  ClipByValue: {
    inputs: ['x'],
    backward: (dy, [x], { clipValueMin, clipValueMax }) => ({
      // 1 within the limits, 0 outside; on a limit itself 1, so that what was clipped can come back.
      x: () =>
        tf.mul(
          dy,
          tf.mul(
            tf.sub(1, tf.step(tf.sub(clipValueMin as number, x!))),
            tf.sub(1, tf.step(tf.sub(x!, clipValueMax as number))),
          ),
        ),
    }),
  },
};

const SHAPES: Readonly<Record<string, Rule>> = {
  Identity: { backward: (dy) => ({ x: () => tf.clone(dy) }) },
  Cast: { backward: (dy) => ({ x: () => tf.clone(dy) }) },
  Reshape: { inputs: ['x'], backward: (dy, [x]) => ({ x: () => tf.reshape(dy, x!.shape) }) },
  Transpose: {
    backward: (dy, _, { perm }) => ({ x: () => tf.transpose(dy, inverse(perm as number[])) }),
  },
  Sum: {
    inputs: ['x'],
    backward: (dy, [x], { axis }) => ({ x: () => spread(dy, x!, axis as number | number[]) }),
  },
  Mean: {
    inputs: ['x'],
    backward: (dy, [x], { axis }) => ({
      x: () => {
        const wide = spread(dy, x!, axis as number | number[]);
        return tf.mul(wide, dy.size / x!.size);
      },
    }),
  },
  Concat: {
    inputs: 'all',
    backward: (dy, saved, { axis }) => {
      const along = tf.util.parseAxisParam(axis as number, dy.shape)[0]!;
      let start = 0;
      return saved.map((part) => {
        const begin = dy.shape.map((_, i) => (i === along ? start : 0));
        start += part.shape[along]!;
        return () => tf.slice(dy, begin, part.shape);
      });
    },
  },
  Slice: {
    inputs: ['x'],
    backward: (dy, [x], { begin }) => ({
      x: () => {
        const before = dy.shape.map((_, i) => [begin].flat()[i] as number);
        const around = dy.shape.map((length, i): [number, number] => [
          before[i]!,
          x!.shape[i]! - before[i]! - length,
        ]);
        return tf.pad(dy, around);
      },
    }),
  },
  PadV2: {
    inputs: ['x'],
    backward: (dy, [x], { paddings }) => ({
      x: () =>
        tf.slice(
          dy,
          (paddings as [number, number][]).map(([before]) => before),
          x!.shape,
        ),
    }),
  },
};

type Conv = {
  strides: [number, number];
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
};

/** Convolutions, products, pooling and resizing. All images are NHWC. */
const LINEAR: Readonly<Record<string, Rule>> = {
  BatchMatMul: {
    inputs: ['a', 'b'],
    backward: (dy, [a, b], { transposeA, transposeB }) => {
      const [ta, tb] = [Boolean(transposeA), Boolean(transposeB)];
      return {
        a: () => (ta ? tf.matMul(b!, dy, tb, true) : tf.matMul(dy, b!, false, !tb)),
        b: () => (tb ? tf.matMul(dy, a!, true, ta) : tf.matMul(a!, dy, !ta, false)),
      };
    },
  },
  Conv2D: {
    inputs: ['x', 'filter'],
    backward: (dy, [x, filter], attributes) => ({
      x: () => backpropInput(dy, filter!, x!.shape, attributes),
      filter: () => backpropFilter(x!, dy, filter!.shape, attributes),
    }),
  },
  // The transposed convolution: its own gradient is the convolution that it transposes.
  Conv2DBackpropInput: {
    inputs: ['dy', 'filter'],
    backward: (ddx, [dy, filter], attributes) => ({
      dy: () => {
        const { strides, pad } = attributes as unknown as Conv;
        return tf.conv2d(ddx as tf.Tensor4D, filter as tf.Tensor4D, strides, pad);
      },
      filter: () => backpropFilter(ddx, dy!, filter!.shape, attributes),
    }),
  },
  MaxPool: {
    inputs: ['x'],
    output: true,
    backward: (dy, [x, y], { filterSize, strides, pad }) => ({
      x: () => kernel('MaxPoolGrad', { dy, input: x!, output: y! }, { filterSize, strides, pad }),
    }),
  },
  AvgPool: {
    inputs: ['x'],
    backward: (dy, [x], { filterSize, strides, pad }) => ({
      x: () => kernel('AvgPoolGrad', { dy, input: x! }, { filterSize, strides, pad }),
    }),
  },
};

function backpropInput(
  dy: tf.Tensor,
  filter: tf.Tensor,
  inputShape: number[],
  { strides, pad }: Attributes,
): tf.Tensor {
  const attributes = { strides, pad, inputShape, dataFormat: 'NHWC' };
  return kernel('Conv2DBackpropInput', { dy, filter }, attributes);
}

function backpropFilter(
  x: tf.Tensor,
  dy: tf.Tensor,
  filterShape: number[],
  { strides, pad }: Attributes,
): tf.Tensor {
  const attributes = { strides, pad, filterShape, dataFormat: 'NHWC' };
  return kernel('Conv2DBackpropFilter', { x, dy }, attributes);
}

function kernel(
  name: string,
  inputs: Record<string, tf.Tensor>,
  attributes: Attributes,
): tf.Tensor {
  return tf.engine().runKernel(name, inputs, attributes as tf.NamedAttrMap) as tf.Tensor;
}

/** Sums a gradient over the axes along which `x` was broadcast, so that it has the shape of `x`. */
function fit(dy: tf.Tensor, x: tf.Tensor): tf.Tensor {
  const axes = tf.backend_util.getReductionAxes(x.shape, dy.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(dy, axes) : dy, x.shape);
}

/** Spreads the gradient of a reduction over `axis` to the shape of what was reduced. */
function spread(dy: tf.Tensor, x: tf.Tensor, axis: number | number[]): tf.Tensor {
  const reduced = tf.util.parseAxisParam(axis, x.shape);
  const kept = x.shape.map((length, i) => (reduced.includes(i) ? 1 : length));
  return tf.mul(tf.reshape(dy, kept), tf.onesLike(x));
}

function inverse(perm: readonly number[]): number[] {
  return perm.map((_, i) => perm.indexOf(i));
}
