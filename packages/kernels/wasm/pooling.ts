/** The gradient of 2×2 max-pooling on the WASM backend, written over its heap: its own is 20 times slower. */
import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { fillOutput } from './heap.js';
import type { Call } from './override.js';

/**
 * Gives each output's gradient to the largest pixel of its 2×2 window, the first one where several
 * are equal. Windows begin in the image's corner; the last of a row may be cut short. Leaves other
 * windows to the backend.
 */
export function maxPoolGradient({ inputs, attributes, backend }: Call): TensorInfo | undefined {
  const { dy, input } = inputs;
  const { filterSize, strides, pad } = attributes;
  if (!isTwo(filterSize) || !isTwo(strides)) return undefined;
  const shape = input!.shape as [number, number, number, number];
  const { padInfo } = backend_util.computePool2DInfo(shape, 2, 2, 1, pad as 'valid');
  if (padInfo.top !== 0 || padInfo.left !== 0) return undefined;
  return fillOutput(backend, shape, [input!, dy!], (dx, x, slopes) => {
    scatterToMaxima(x!, slopes!, dx, shape, dy!.shape);
  });
}

function isTwo(lengths: unknown): boolean {
  return [lengths].flat().every((length) => length === 2);
}

/** `x` and `dx` are [n, h, w, c], `dy` is [n, h', w', c]. */
function scatterToMaxima(
  x: Float32Array,
  dy: Float32Array,
  dx: Float32Array,
  xShape: readonly number[],
  dyShape: readonly number[],
): void {
  const [images, height, width, channels] = xShape as [number, number, number, number];
  const [, rows, columns] = dyShape as [number, number, number];
  dx.fill(0);
  let from = 0;
  for (let image = 0; image < images; image++) {
    for (let row = 0; row < rows; row++) {
      // Where the window is cut short, its missing pixels are those that are there, once more.
      const below = 2 * row + 1 < height ? width * channels : 0;
      for (let column = 0; column < columns; column++) {
        const right = 2 * column + 1 < width ? channels : 0;
        let corner = ((image * height + row * 2) * width + column * 2) * channels;
        for (const end = corner + channels; corner < end; corner++) {
          let best = corner;
          if (x[corner + right]! > x[best]!) best = corner + right;
          if (x[corner + below]! > x[best]!) best = corner + below;
          if (x[corner + below + right]! > x[best]!) best = corner + below + right;
          dx[best] = dy[from++]!;
        }
      }
    }
  }
}
