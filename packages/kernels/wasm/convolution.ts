/** Gradients of convolutions on the WASM backend, both expressed as the one fast kernel: conv2d. */
import * as tf from '@tensorflow/tfjs-core';
import type { Attributes, Call, Tensors } from './override.js';
import { gatherPatches } from './patches.js';

interface Geometry {
  readonly info: tf.backend_util.Conv2DInfo;
  readonly stride: number;
}

/**
 * Conv2DBackpropFilter: dW[u, v, i, o] = Σ x[n, y·s + u − p, x·s + v − p, i] · dy[n, y, x, o].
 *
 * That is a convolution in which the channels of x are the images, the batch is the channels and
 * dy is the filter, dilated by the stride: it gives [i, u, v, o], of which the first k×k are wanted.
 */
export function filterGradient({ x, dy }: Tensors, attributes: Attributes): tf.Tensor {
  const filterShape = attributes.filterShape as [number, number, number, number];
  const { info, stride } = geometry(x!.shape, filterShape, attributes);
  const [height, width, channels, filters] = filterShape;
  const [image, errors] = [x as tf.Tensor4D, dy as tf.Tensor4D];
  // With fewer filters than channels the two change places, which turns the taps by 180°.
  if (filters < channels && stride === 1) {
    const flipped = correlate(errors, image, 1, turned(info)); // [o, u, v, i]
    return tf.transpose(tf.reverse(flipped, [1, 2]), [1, 2, 3, 0]);
  }
  const taps = correlate(image, errors, stride, info.padInfo); // [i, ≥u, ≥v, o]
  const wanted = window(taps, 0, 0, [channels, height, width, filters]);
  return tf.transpose(wanted, [1, 2, 0, 3]);
}

/** Σ over images: `image` [n, h, w, i] with `filter` [n, h', w', o] → [i, h−h'+1, w−w'+1, o]. */
function correlate(
  image: tf.Tensor4D,
  filter: tf.Tensor4D,
  dilation: number,
  padding: Around,
): tf.Tensor4D {
  const channelsFirst = tf.transpose(image, [3, 1, 2, 0]);
  const batchInside = tf.transpose(filter, [1, 2, 0, 3]);
  return tf.conv2d(channelsFirst, batchInside, 1, explicit(padding), 'NHWC', dilation);
}

/**
 * The same as one matrix product over gathered patches, where there are few taps and channels
 * (measured: 2 to 4 times); undefined where there are many.
 */
export function filterGradientByPatches({
  inputs,
  attributes,
  backend,
}: Call): tf.Tensor | undefined {
  const { x, dy } = inputs;
  const filterShape = attributes.filterShape as [number, number, number, number];
  const { info, stride } = geometry(x!.shape, filterShape, attributes);
  const [height, width, channels, filters] = filterShape;
  if (height * width * channels > SMALL_PATCH || stride !== 1) return undefined;
  const { padInfo, outHeight: rows, outWidth: columns } = info;
  const { dataId, shape, dtype } = gatherPatches(backend, x!, {
    height,
    width,
    ...padInfo,
    rows,
    columns,
  });
  const patches = tf.engine().makeTensorFromDataId(dataId, shape, dtype, backend) as tf.Tensor2D;
  const product = tf.matMul(patches, tf.reshape(dy!, [patches.shape[1], filters]));
  return tf.reshape(product, filterShape);
}

const SMALL_PATCH = 36;

/**
 * Conv2DBackpropInput, which is also the transposed convolution. With stride 1: a convolution of
 * dy with the filter turned by 180° and its channels exchanged. With stride s: the pixels of each
 * phase (y mod s, x mod s) see only every s-th tap, so one convolution with s² times the channels
 * gives all phases, which are then interleaved.
 */
export function inputGradient(
  { dy, filter }: Tensors,
  attributes: Attributes,
): tf.Tensor | undefined {
  const inputShape = attributes.inputShape as [number, number, number, number];
  const { info, stride } = geometry(inputShape, filter!.shape, attributes);
  const padding = turned(info);
  if (Math.min(...Object.values(padding)) < 0) return undefined;
  const phases = phaseFilter(filter as tf.Tensor4D, stride); // [k', l', o, s·s·i]
  const errors = dy as tf.Tensor4D;
  if (stride === 1) return tf.conv2d(errors, phases, 1, explicit(padding));
  const [rows, columns] = [phases.shape[0] - 1, phases.shape[1] - 1];
  const reach = { top: rows, bottom: rows, left: columns, right: columns };
  const spaced = tf.conv2d(errors, phases, 1, explicit(reach));
  const whole = interleave(spaced, stride, inputShape[3]);
  return window(whole, info.padInfo.top, info.padInfo.left, inputShape);
}

/** Taps u = s·a + phase, reversed in a, as a filter that gives s² phases of `i` channels each. */
function phaseFilter(filter: tf.Tensor4D, stride: number): tf.Tensor4D {
  const [height, width, channels, filters] = filter.shape;
  if (stride === 1) return tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
  const rows = Math.ceil(height / stride);
  const columns = Math.ceil(width / stride);
  const padded = tf.pad(filter, [
    [0, rows * stride - height],
    [0, columns * stride - width],
    [0, 0],
    [0, 0],
  ]);
  const split = tf.reshape(padded, [rows, stride, columns, stride, channels, filters]);
  const order = tf.transpose(tf.reverse(split, [0, 2]), [0, 2, 5, 1, 3, 4]);
  return tf.reshape(order, [rows, columns, filters, stride * stride * channels]);
}

/** [n, h, w, s·s·c] → [n, s·h, s·w, c]; by transposes, 100 times faster than DepthToSpace here. */
function interleave(x: tf.Tensor4D, stride: number, channels: number): tf.Tensor4D {
  const [n, h, w] = x.shape;
  const rows = tf.reshape(x, [n * h, w, stride, stride * channels]);
  return tf.reshape(tf.transpose(rows, [0, 2, 1, 3]), [n, h * stride, w * stride, channels]);
}

/**
 * The window of `shape` that begins at (top, left) of `whole`; zeros where it reaches past the end:
 * the input's last rows or columns, which no tap ever saw.
 */
function window(whole: tf.Tensor4D, top: number, left: number, shape: number[]): tf.Tensor4D {
  const [n, height, width, channels] = shape as [number, number, number, number];
  const rows = Math.min(height, whole.shape[1] - top);
  const columns = Math.min(width, whole.shape[2] - left);
  const same = rows === whole.shape[1] && columns === whole.shape[2];
  const part = same ? whole : tf.slice(whole, [0, top, left, 0], [n, rows, columns, channels]);
  return padSpace(part, { top: 0, left: 0, bottom: height - rows, right: width - columns });
}

type Around = {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
};

/** The padding with which a convolution by the turned filter undoes one by the filter. */
function turned({ padInfo, filterHeight, filterWidth }: tf.backend_util.Conv2DInfo): Around {
  return {
    top: filterHeight - 1 - padInfo.top,
    bottom: filterHeight - 1 - padInfo.bottom,
    left: filterWidth - 1 - padInfo.left,
    right: filterWidth - 1 - padInfo.right,
  };
}

function explicit({ top, bottom, left, right }: Around): tf.backend_util.ExplicitPadding {
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}

function padSpace(x: tf.Tensor4D, padding: Around): tf.Tensor4D {
  const none = Object.values(padding).every((length) => length === 0);
  return none ? x : tf.pad(x, explicit(padding));
}

function geometry(
  inputShape: number[],
  filterShape: number[],
  { strides, pad }: Attributes,
): Geometry {
  const info = tf.backend_util.computeConv2DInfo(
    inputShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    strides as [number, number],
    1,
    pad as 'valid' | 'same',
  );
  if (info.strideHeight !== info.strideWidth) {
    throw new RangeError(`strides must be equal, got ${info.strideHeight} and ${info.strideWidth}`);
  }
  return { info, stride: info.strideHeight };
}
