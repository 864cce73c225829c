/** Making images smaller and larger as two matrix products, which every backend does and differentiates fast. */
import * as tf from '@tensorflow/tfjs-core';

/** Means over factor×factor blocks: [B, H, W, C] → [B, H/factor, W/factor, C]. Factor must divide H and W. */
export function shrink(x: tf.Tensor4D, factor: number): tf.Tensor4D {
  if (factor === 1) return x;
  return resample(x, (length) => blockMeans(length, factor));
}

/** Means over the cells of a grid, whole pixels or parts of them: [B, H, W, C] → [B, grid, grid, C]. */
export function resizeMean(x: tf.Tensor4D, grid: number): tf.Tensor4D {
  return resample(x, (length) => cellMeans(length, grid));
}

/** Bilinear, pixel centres aligned, edges held: [B, H, W, C] → [B, H·factor, W·factor, C]. */
export function enlarge(x: tf.Tensor4D, factor: number): tf.Tensor4D {
  if (factor === 1) return x;
  return resample(x, (length) => interpolation(length, factor));
}

/** Applies the matrix [length, length'] of each direction to the columns and rows of each image. */
function resample(x: tf.Tensor4D, matrix: (length: number) => tf.Tensor2D): tf.Tensor4D {
  const [n, height, width, channels] = x.shape;
  const planes = channels === 1 ? x : tf.transpose(x, [0, 3, 1, 2]); // [B, C, H, W]
  const across = matrix(width);
  const down = matrix(height);
  const [newWidth, newHeight] = [across.shape[1], down.shape[1]];
  const count = n * channels;
  const wide = tf.matMul(tf.reshape(planes, [count * height, width]), across);
  const turned = tf.transpose(tf.reshape(wide, [count, height, newWidth]), [0, 2, 1]);
  const tall = tf.matMul(tf.reshape(turned, [count * newWidth, height]), down);
  const back = tf.transpose(tf.reshape(tall, [count, newWidth, newHeight]), [0, 2, 1]);
  if (channels === 1) return tf.reshape(back, [n, newHeight, newWidth, 1]);
  return tf.transpose(tf.reshape(back, [n, channels, newHeight, newWidth]), [0, 2, 3, 1]);
}

function blockMeans(length: number, factor: number): tf.Tensor2D {
  if (length % factor !== 0) {
    throw new RangeError(`${length} pixels cannot be shrunk by ${factor}: it does not divide them`);
  }
  const columns = length / factor;
  const values = new Float32Array(length * columns);
  for (let row = 0; row < length; row++) {
    values[row * columns + Math.floor(row / factor)] = 1 / factor;
  }
  return tf.tensor2d(values, [length, columns]);
}

function cellMeans(length: number, grid: number): tf.Tensor2D {
  const side = length / grid; // of a cell, in pixels
  const values = new Float32Array(length * grid);
  for (let row = 0; row < length; row++) {
    for (let cell = 0; cell < grid; cell++) {
      const overlap = Math.min(row + 1, (cell + 1) * side) - Math.max(row, cell * side);
      if (overlap > 0) values[row * grid + cell] = overlap / side;
    }
  }
  return tf.tensor2d(values, [length, grid]);
}

function interpolation(length: number, factor: number): tf.Tensor2D {
  const columns = length * factor;
  const values = new Float32Array(length * columns);
  for (let column = 0; column < columns; column++) {
    const at = Math.min(length - 1, Math.max(0, (column + 0.5) / factor - 0.5));
    const before = Math.min(Math.floor(at), length - 1);
    const after = Math.min(before + 1, length - 1);
    values[before * columns + column]! += 1 - (at - before);
    values[after * columns + column]! += at - before;
  }
  return tf.tensor2d(values, [length, columns]);
}
