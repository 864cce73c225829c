/** The patches of an image under a filter, as rows of a matrix, gathered over the WASM backend's heap. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { fillOutput } from './heap.js';

export interface PatchGeometry {
  /** Of the filter. */
  readonly height: number;
  readonly width: number;
  readonly top: number;
  readonly left: number;
  /** Of the convolution's output. */
  readonly rows: number;
  readonly columns: number;
}

/**
 * [n, h, w, c] → [height · width · c, n · rows · columns]: row (u, v, i) holds channel i of the
 * pixel that tap (u, v) meets at each output pixel, stride 1; zero outside the image.
 */
export function gatherPatches(
  backend: BackendWasm,
  x: TensorInfo,
  geometry: PatchGeometry,
): TensorInfo {
  const [n, , , channels] = x.shape as [number, number, number, number];
  const { height, width, rows, columns } = geometry;
  const shape = [height * width * channels, n * rows * columns];
  return fillOutput(backend, shape, [x], (out, values) => {
    let to = 0;
    for (let u = 0; u < height; u++) {
      for (let v = 0; v < width; v++) {
        for (let i = 0; i < channels; i++)
          to = gatherTap(values!, x.shape, geometry, [u, v, i], out, to);
      }
    }
  });
}

function gatherTap(
  x: Float32Array,
  shape: readonly number[],
  { top, left, rows, columns }: PatchGeometry,
  [u, v, channel]: readonly [number, number, number],
  out: Float32Array,
  start: number,
): number {
  const [n, h, w, channels] = shape as [number, number, number, number];
  let to = start;
  for (let image = 0; image < n; image++) {
    for (let row = 0; row < rows; row++) {
      const y = row + u - top;
      const first = Math.min(columns, Math.max(0, left - v)); // output columns before it miss the image
      const last = y < 0 || y >= h ? first : Math.max(first, Math.min(columns, w + left - v));
      out.fill(0, to, to + first);
      let from = ((image * h + y) * w + first + v - left) * channels + channel;
      for (let column = first; column < last; column++, from += channels)
        out[to + column] = x[from]!;
      out.fill(0, to + last, to + columns);
      to += columns;
    }
  }
  return to;
}
