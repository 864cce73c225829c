/** A window along both directions of images, and its gradient, on the WASM backend; fused.ts calls them. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { computeOutput } from './compute.js';
import type { Call } from './override.js';

export function blur({ inputs, backend }: Call): TensorInfo {
  const { x, taps } = inputs;
  const [images, height, width] = x!.shape as [number, number, number];
  const inside = (length: number) => length - taps!.size + 1;
  const shape = [images, inside(height), inside(width)];
  const scratch = height * width;
  return computeOutput(backend, shape, [x!, taps!], scratch, (kernels, ...pointers) => {
    kernels.blur(...pointers, images, height, width, taps!.size);
  });
}

export function blurGradient({ inputs, backend }: Call): TensorInfo {
  const { dy, taps } = inputs;
  const [images, rows, columns] = dy!.shape as [number, number, number];
  const around = taps!.size - 1;
  const [height, width] = [rows + around, columns + around];
  const scratch = width + around;
  return computeOutput(
    backend,
    [images, height, width],
    [dy!, taps!],
    scratch,
    (kernels, ...pointers) => {
      kernels.blur_back(...pointers, images, height, width, taps!.size);
    },
  );
}
