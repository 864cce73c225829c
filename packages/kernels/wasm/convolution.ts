/** Convolution and its two gradients on the WASM backend, each in one call of our own kernels. */
import * as tf from '@tensorflow/tfjs-core';
import { type ComputeModule, computeOutput } from './compute.js';
import type { Attributes, Call } from './override.js';

type Shape4D = [number, number, number, number];

/** Output channels that native/compute.c computes together, and packs filters for. */
const BLOCK = 8;

/** Leaves dilated filters, and strides that differ by axis, to the backend. */
export function convolution({ inputs, attributes, backend }: Call): tf.TensorInfo | undefined {
  const { x, filter } = inputs;
  const info = infoOf(x!.shape, filter!.shape, attributes);
  if (!info) return undefined;
  if (isFast(info)) return fast(backend, 'convolve_fast', info.outShape, [x!, filter!], info);
  const scratch = packedSize(info, info.outChannels, info.inChannels) + sizeAround(info);
  return computeOutput(backend, info.outShape, [x!, filter!], scratch, call('convolve', info));
}

/** Conv2DBackpropFilter: dw[u, v, i, o] = Σ x[n, y·s + u − p, x·s + v − p, i] · dy[n, y, x, o]. */
export function filterGradient({ inputs, attributes, backend }: Call): tf.TensorInfo | undefined {
  const { x, dy } = inputs;
  const info = infoOf(x!.shape, attributes.filterShape as number[], attributes);
  if (!info) return undefined;
  if (isFast(info)) return fast(backend, 'convolve_filter_fast', info.filterShape, [x!, dy!], info);
  const { outHeight, outWidth, outChannels, filterHeight, filterWidth, inChannels } = info;
  const even = Math.ceil(outChannels / 4) * 4;
  const widened = (outHeight * outWidth + filterHeight * filterWidth * inChannels) * even;
  const scratch = sizeAround(info) + widened;
  return computeOutput(
    backend,
    info.filterShape,
    [x!, dy!],
    scratch,
    call('convolve_filter', info),
  );
}

/** Conv2DBackpropInput, which is also the transposed convolution. */
export function inputGradient({ inputs, attributes, backend }: Call): tf.TensorInfo | undefined {
  const { dy, filter } = inputs;
  const info = infoOf(attributes.inputShape as number[], filter!.shape, attributes);
  if (!info) return undefined;
  if (isFast(info)) return fast(backend, 'convolve_back_fast', info.inShape, [dy!, filter!], info);
  const { inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = info;
  const { filterHeight, filterWidth, strideHeight: stride, padInfo } = info;
  const rows = seen(inHeight, padInfo.top, filterHeight, stride);
  const columns = seen(inWidth, padInfo.left, filterWidth, stride);
  const scratch = packedSize(info, inChannels, outChannels) + rows * columns * outChannels;
  return computeOutput(backend, info.inShape, [dy!, filter!], scratch, (kernels, ...pointers) => {
    kernels.convolve_back(
      ...[...pointers, info.batchSize, outHeight, outWidth, outChannels],
      ...[filterHeight, filterWidth, inChannels, stride, padInfo.top, padInfo.left],
      ...[inHeight, inWidth, rows, columns],
    );
  });
}

type Fast = 'convolve_fast' | 'convolve_back_fast' | 'convolve_filter_fast';

/** By Winograd's products, in tiles of 4×4 pixels. */
function isFast(info: tf.backend_util.Conv2DInfo): boolean {
  const { filterHeight, filterWidth, strideHeight, inChannels, outChannels, padInfo } = info;
  const kernel = [3, 4][strideHeight - 1];
  return (
    [filterHeight, filterWidth].every((length) => length === kernel) &&
    [inChannels, outChannels].every((count) => count > 0 && count % 4 === 0) &&
    Math.max(padInfo.top, padInfo.left) <= 2
  );
}

function fast(
  backend: Call['backend'],
  name: Fast,
  shape: number[],
  inputs: readonly tf.TensorInfo[],
  info: tf.backend_util.Conv2DInfo,
): tf.TensorInfo {
  const { batchSize, inHeight, inWidth, inChannels, outChannels, strideHeight, padInfo } = info;
  const image = [inHeight, inWidth];
  const out = [info.outHeight, info.outWidth];
  const [before, after] = name === 'convolve_back_fast' ? [out, image] : [image, out];
  const channels =
    name === 'convolve_back_fast' ? [outChannels, inChannels] : [inChannels, outChannels];
  return computeOutput(backend, shape, inputs, fastScratch(info), (kernels, ...pointers) => {
    kernels[name](
      ...[...pointers, batchSize, ...before, ...channels],
      ...[strideHeight, padInfo.top, padInfo.left, ...after],
    );
  });
}

/** As in native/compute.c: tiles that are transformed together, and what holds any image with its surroundings. */
const POINTS = 16;
const AROUND = 8;

/** Floats for transformed filters (or their sums), transformed tiles, and images with surroundings. */
function fastScratch(info: tf.backend_util.Conv2DInfo): number {
  const { strideHeight: stride, inHeight, inWidth, outHeight, outWidth } = info;
  const [from, to] = [stride ** 2 * info.inChannels, info.outChannels];
  const together = Math.max(8, Math.min(64, Math.floor(4096 / (from + to) / 4) * 4));
  const whole = (count: number) => Math.ceil(count / BLOCK) * BLOCK;
  const seen = (out: number, inside: number) => Math.max(out, inside / stride) + AROUND;
  const pixels = seen(outHeight, inHeight) * seen(outWidth, inWidth);
  return (
    POINTS * (whole(from) * whole(to) + together * (from + to)) + Math.ceil(pixels) * (from + to)
  );
}

/** Rows of dy that the taps of an image's rows meet: those before the first one, and up to the last. */
function seen(length: number, before: number, kernel: number, stride: number): number {
  const first = Math.ceil(kernel / stride) - 1;
  return first + Math.floor((length - 1 + before) / stride) + 1;
}

function call(name: 'convolve' | 'convolve_filter', info: tf.backend_util.Conv2DInfo) {
  return (kernels: ComputeModule, ...pointers: number[]) => {
    const { batchSize, inHeight, inWidth, inChannels, filterHeight, filterWidth } = info;
    const { outChannels, strideHeight, padInfo, outHeight, outWidth } = info;
    kernels[name](
      ...[...pointers, batchSize, inHeight, inWidth, inChannels, filterHeight, filterWidth],
      ...[outChannels, strideHeight, padInfo.top, padInfo.left, outHeight, outWidth],
      ...around(info),
    );
  };
}

/** Height and width of an image with the zeros around it that the filter meets. */
function around(info: tf.backend_util.Conv2DInfo): readonly [height: number, width: number] {
  const { outHeight, outWidth, strideHeight, strideWidth, filterHeight, filterWidth } = info;
  return [
    (outHeight - 1) * strideHeight + filterHeight,
    (outWidth - 1) * strideWidth + filterWidth,
  ];
}

function sizeAround(info: tf.backend_util.Conv2DInfo): number {
  const [height, width] = around(info);
  return Math.max(0, height) * Math.max(0, width) * info.inChannels;
}

/** Floats of a packed filter: `to` channels are rounded up to whole blocks. */
function packedSize(info: tf.backend_util.Conv2DInfo, to: number, from: number): number {
  return Math.ceil(to / BLOCK) * BLOCK * info.filterHeight * info.filterWidth * from;
}

function infoOf(
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, dilations, pad, dimRoundingMode }: Attributes,
): tf.backend_util.Conv2DInfo | undefined {
  const info = tf.backend_util.computeConv2DInfo(
    inputShape as Shape4D,
    filterShape as Shape4D,
    strides as [number, number],
    (dilations ?? 1) as number,
    pad as 'valid' | 'same',
    dimRoundingMode as 'floor',
  );
  const isDilated = info.dilationHeight !== 1 || info.dilationWidth !== 1;
  return isDilated || info.strideHeight !== info.strideWidth ? undefined : info;
}
