/** The gradient of max-pooling on the WASM backend, written over its heap: its own is 20 times slower. */
import { backend_util, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Call } from './override.js';

/**
 * Gives each output's gradient to the largest pixel of its window, the first one where several are
 * equal. For windows that do not overlap and begin in the image's corner; the last may be cut short.
 */
export function maxPoolGradient({ inputs, attributes, backend }: Call): TensorInfo | undefined {
  const { dy, input } = inputs as { dy: Tensor; input: Tensor };
  const window = single(attributes.filterSize);
  if (window === undefined || window !== single(attributes.strides)) return undefined;
  const { pad, dimRoundingMode } = attributes as { pad: 'valid'; dimRoundingMode: 'floor' };
  const shape = input.shape as [number, number, number, number];
  const { top, left } = backend_util.computePool2DInfo(
    shape,
    window,
    window,
    1,
    pad,
    dimRoundingMode,
  ).padInfo;
  if (top !== 0 || left !== 0) return undefined;
  const dx = backend.makeOutput(input.shape, 'float32');
  // Views of the heap are taken after the last allocation: growing the heap would detach them.
  const view = (tensor: TensorInfo) => backend.typedArrayFromHeap(tensor) as Float32Array;
  scatterToMaxima(view(input), view(dy), view(dx), input.shape, dy.shape, window);
  return dx;
}

/** The length that holds for both directions, or undefined when they differ. */
function single(lengths: unknown): number | undefined {
  const [vertical, horizontal] = Array.isArray(lengths) ? lengths : [lengths, lengths];
  return vertical === horizontal ? (vertical as number) : undefined;
}

/** `x` and `dx` are [n, h, w, c], `dy` is [n, h', w', c]. */
function scatterToMaxima(
  x: Float32Array,
  dy: Float32Array,
  dx: Float32Array,
  xShape: readonly number[],
  dyShape: readonly number[],
  window: number,
): void {
  const [images, height, width, channels] = xShape as [number, number, number, number];
  const [, rows, columns] = dyShape as [number, number, number];
  const line = width * channels;
  dx.fill(0);
  let from = 0;
  for (let image = 0; image < images; image++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const corner = ((image * height + row * window) * width + column * window) * channels;
        const high = Math.min(window, height - row * window);
        const wide = Math.min(window, width - column * window);
        for (let channel = 0; channel < channels; channel++) {
          const best = largest(x, corner + channel, high, wide, line, channels);
          dx[best] = dy[from++]!;
        }
      }
    }
  }
}

/** Index of the largest pixel of the window of high×wide whose first is at `corner`. */
function largest(
  x: Float32Array,
  corner: number,
  high: number,
  wide: number,
  line: number,
  step: number,
): number {
  let best = corner;
  for (let v = 0; v < high; v++) {
    for (let u = 0; u < wide; u++) {
      const candidate = corner + v * line + u * step;
      if (x[candidate]! > x[best]!) best = candidate;
    }
  }
  return best;
}
