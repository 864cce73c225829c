/** Clones, slices and concatenations on the WASM backend: its own copy more than they need to. */
import { slice_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { fillOutput } from './heap.js';
import type { Call } from './override.js';

/** A clone is another name for the same, immutable values: the backend counts who uses them. */
export function identity({ inputs, backend }: Call): TensorInfo {
  const { dataId, shape, dtype } = inputs.x!;
  backend.incRef(dataId);
  return { dataId, shape, dtype };
}

/** A window of an array of up to four dimensions. The backend's own first copies the whole array. */
export function slice({ inputs, attributes, backend }: Call): TensorInfo | undefined {
  const x = inputs.x!;
  if (x.rank > 4 || x.rank === 0 || x.dtype !== 'float32') return undefined;
  const { begin, size } = attributes as { begin: number | number[]; size: number | number[] };
  const [from, lengths] = slice_util.parseSliceParams(x, begin, size) as [number[], number[]];
  return fillOutput(backend, lengths, [x], (out, values) => {
    eachRun(x.shape, from, lengths, (at, to, run) => copyRun(values!, at, out, to, run));
  });
}

/** A window's gradient: the array in the middle of another one, filled with a value. */
export function pad({ inputs, attributes, backend }: Call): TensorInfo | undefined {
  const x = inputs.x!;
  const { paddings, constantValue } = attributes as {
    paddings: [number, number][];
    constantValue: number;
  };
  if (x.rank > 4 || x.rank === 0 || x.dtype !== 'float32') return undefined;
  const shape = x.shape.map((length, i) => length + paddings[i]![0] + paddings[i]![1]);
  const from = paddings.map(([before]) => before);
  return fillOutput(backend, shape, [x], (out, values) => {
    out.fill(constantValue);
    eachRun(shape, from, x.shape, (at, start, run) => copyRun(values!, start, out, at, run));
  });
}

/**
 * The runs of a window: where each begins in the array of this shape, and in the window itself. Leading
 * dimensions are added up to four.
 */
function eachRun(
  shape: readonly number[],
  begin: readonly number[],
  size: readonly number[],
  copy: (inArray: number, inWindow: number, run: number) => void,
): void {
  const four = (list: readonly number[], filler: number) =>
    [...Array<number>(4 - list.length).fill(filler), ...list] as [number, number, number, number];
  const [, height, width, depth] = four(shape, 1);
  const [a0, b0, c0, d0] = four(begin, 0);
  const [as, bs, cs, ds] = four(size, 1);
  let to = 0;
  for (let a = a0; a < a0 + as; a++) {
    for (let b = b0; b < b0 + bs; b++) {
      const line = ((a * height + b) * width + c0) * depth + d0;
      if (ds === depth) {
        copy(line, to, cs * ds);
        to += cs * ds;
        continue;
      }
      for (let c = 0; c < cs; c++, to += ds) copy(line + c * depth, to, ds);
    }
  }
}

/** Joins along an axis; the backend's own is slow where that axis is the short, last one. */
export function concat({ inputs, attributes, backend }: Call): TensorInfo | undefined {
  const parts = Object.values(inputs).filter(({ size }) => size > 0);
  const [first] = parts;
  if (!first || parts.some(({ dtype }) => dtype !== 'float32')) return undefined;
  const axis = util.parseAxisParam(attributes.axis as number, first.shape)[0]!;
  const joined = parts.reduce((sum, { shape }) => sum + shape[axis]!, 0);
  const shape = first.shape.map((length, i) => (i === axis ? joined : length));
  const outer = util.sizeFromShape(first.shape.slice(0, axis));
  const inner = util.sizeFromShape(first.shape.slice(axis + 1));
  return fillOutput(backend, shape, parts, (out, ...values) => {
    let offset = 0;
    for (const [i, part] of values.entries()) {
      const run = parts[i]!.shape[axis]! * inner;
      for (let row = 0; row < outer; row++) {
        copyRun(part, row * run, out, row * joined * inner + offset, run);
      }
      offset += run;
    }
  });
}

/** Below this length a loop is faster than the call of a built-in. */
const SHORT_RUN = 48;

function copyRun(
  from: Float32Array,
  start: number,
  to: Float32Array,
  at: number,
  run: number,
): void {
  if (run >= SHORT_RUN) to.set(from.subarray(start, start + run), at);
  else for (let i = 0; i < run; i++) to[at + i] = from[start + i]!;
}
