/** Matrix products on the WASM backend, by our own kernels; each of both factors may be transposed. */
import * as tf from '@tensorflow/tfjs-core';
import { type ComputeModule, computeOutput } from './compute.js';
import type { Call } from './override.js';

/** Rows of the left factor from which the right one is packed first: read so often, it is worth a copy. */
const PACKED_FROM = 32;

/**
 * From this length on, rows are multiplied along it; below it, adding up the four lanes in the end costs
 * too much. It adds in another order, so the choice must not depend on m, which may be a batch.
 */
const LONG = 256;

type Sizes = { readonly m: number; readonly k: number; readonly n: number };

/** Products of the last two axes. The axes before them are broadcast. */
export function matMul(call: Call): tf.TensorInfo | undefined {
  const { a, b } = call.inputs;
  const { transposeA, transposeB } = call.attributes;
  if (a!.dtype !== 'float32' || b!.dtype !== 'float32') return undefined;
  if (transposeA && transposeB) {
    const turned = turn(a!);
    const { attributes, backend } = call;
    const inputs = { a: turned, b: b! };
    const out = matMul({ inputs, attributes: { ...attributes, transposeA: false }, backend });
    turned.dispose();
    return out;
  }
  const [rows, columns] = [a!.shape.at(-2)!, a!.shape.at(-1)!];
  const sizes = {
    m: transposeA ? columns : rows,
    k: transposeA ? rows : columns,
    n: b!.shape.at(transposeB ? -2 : -1)!,
  };
  const outer = [a!.shape.slice(0, -2), b!.shape.slice(0, -2)] as const;
  const shape = tf.broadcast_util.assertAndGetBroadcastShape(...outer);
  const multiply = transposeA
    ? firstTurned(sizes)
    : transposeB
      ? secondTurned(sizes)
      : plain(sizes);
  const output = [...shape, sizes.m, sizes.n];
  return computeOutput(call.backend, output, [a!, b!], multiply.scratch, (kernels, ...pointers) => {
    const [left, right, y, scratch] = pointers as [number, number, number, number];
    const [from, by] = outer.map((each) => positions(each, shape)) as [number[], number[]];
    for (let i = 0; i < from.length; i++) {
      const at = [
        left + from[i]! * sizes.m * sizes.k * BYTES,
        right + by[i]! * sizes.k * sizes.n * BYTES,
        y + i * sizes.m * sizes.n * BYTES,
      ];
      multiply.run(kernels, at, scratch);
    }
  });
}

const BYTES = 4;

interface Multiply {
  /** Floats. */
  readonly scratch: number;
  run(kernels: ComputeModule, pointers: readonly number[], scratch: number): void;
}

function plain(sizes: Sizes): Multiply {
  const { m, k, n } = sizes;
  if (m >= PACKED_FROM || n % 4 !== 0) return packed(sizes, n, 1);
  return { scratch: 0, run: (kernels, pointers) => kernels.multiply(...pointers, m, k, n) };
}

/** The element (row, column) of the right factor lies at row · rowStep + column · columnStep. */
function packed({ m, k, n }: Sizes, rowStep: number, columnStep: number): Multiply {
  return {
    scratch: Math.ceil(n / 8) * 8 * k,
    run: (kernels, pointers, scratch) =>
      kernels.multiply_packed(...pointers, scratch, m, k, n, rowStep, columnStep),
  };
}

function firstTurned({ m, k, n }: Sizes): Multiply {
  return {
    scratch: n % 4 === 0 ? 0 : (k + m) * Math.ceil(n / 4) * 4,
    run: (kernels, pointers, scratch) =>
      kernels.multiply_first_turned(...pointers, scratch, m, k, n),
  };
}

function secondTurned(sizes: Sizes): Multiply {
  const { m, k, n } = sizes;
  if (k < LONG) return packed(sizes, 1, k);
  return {
    scratch: 0,
    run: (kernels, pointers) => kernels.multiply_second_turned(...pointers, m, k, n),
  };
}

/** For each matrix of `shape`, in order, the place of the one of `own` that is broadcast to it. */
function positions(own: readonly number[], shape: readonly number[]): number[] {
  let places = [0];
  const missing = shape.length - own.length;
  for (const [i, length] of shape.entries()) {
    const here = i < missing ? 1 : own[i - missing]!;
    places = places.flatMap((place) =>
      Array.from({ length }, (_, index) => place * here + (here === 1 ? 0 : index)),
    );
  }
  return places;
}

function turn(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.map((_, i) => i);
  const [last, before] = [axes.pop()!, axes.pop()!];
  const turned = [...axes, last, before];
  // The backend divides by zero where it transposes a tensor without values.
  return x.size > 0
    ? tf.transpose(x, turned)
    : tf.reshape(
        x,
        turned.map((i) => x.shape[i]!),
      );
}
