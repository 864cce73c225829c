/** Clones, slices and concatenations on the WASM backend: its own copy more than they need to. */
import { slice_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type ComputeModule, computeOutput } from './compute.js';
import type { Call, Tensors } from './override.js';

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
  return computeOutput(backend, lengths, [x], 0, (kernels, values, out) => {
    const window = { ...inside(x.shape, from), at: values! };
    copyWindow(kernels, lengths, window, { ...inside(lengths), at: out! });
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
  return computeOutput(backend, shape, [x], 0, (kernels, values, out) => {
    kernels.fill(out!, util.sizeFromShape(shape), constantValue);
    const window = { ...inside(shape, from), at: out! };
    copyWindow(kernels, x.shape, { ...inside(x.shape), at: values! }, window);
  });
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
  return computeOutput(backend, shape, parts, 0, (kernels, ...pointers) => {
    let offset = 0;
    for (const [i, part] of parts.entries()) {
      const run = part.shape[axis]! * inner;
      const window = {
        ...inside([outer, joined * inner], [0, offset]),
        at: pointers[parts.length]!,
      };
      copyWindow(kernels, [outer, run], { ...inside([outer, run]), at: pointers[i]! }, window);
      offset += run;
    }
  });
}

/** One for rows and one for columns. */
type Sides<Value> = readonly [Value, Value];

/** Before the first row or column, and after the last. */
type Margin = readonly [number, number];

interface Blocks {
  readonly blockShape: Sides<number>;
  readonly paddings: Sides<Margin>;
  readonly crops: Sides<Margin>;
}

/** Images → each phase of their pixels by itself, every `block`th of them: what a dilated layer reads. */
export function spaceToBatch({ inputs, attributes, backend }: Call): TensorInfo | undefined {
  const x = inputs.x!;
  const { blockShape: block, paddings } = attributes as unknown as Blocks;
  if (!isOfImages(x, block)) return undefined;
  const [images, height, width, depth] = four(x.shape, 1);
  const rows = (height + paddings[0][0] + paddings[0][1]) / block[0];
  const columns = (width + paddings[1][0] + paddings[1][1]) / block[1];
  const shape = [images * block[0] * block[1], rows, columns, depth];
  return computeOutput(backend, shape, [x], 0, (kernels, values, out) => {
    if (paddings.flat().some((length) => length > 0))
      kernels.fill(out!, util.sizeFromShape(shape), 0);
    for (const { size, image, phase } of phasesOf(x.shape, shape, block, paddings))
      copyWindow(kernels, size, { ...image, at: values! }, { ...phase, at: out! });
  });
}

/** The inverse: phases → images, without their margins. */
export function batchToSpace({ inputs, attributes, backend }: Call): TensorInfo | undefined {
  const x = inputs.x!;
  const { blockShape: block, crops } = attributes as unknown as Blocks;
  if (!isOfImages(x, block)) return undefined;
  const [phases, rows, columns, depth] = four(x.shape, 1);
  const height = rows * block[0] - crops[0][0] - crops[0][1];
  const width = columns * block[1] - crops[1][0] - crops[1][1];
  const shape = [phases / (block[0] * block[1]), height, width, depth];
  return computeOutput(backend, shape, [x], 0, (kernels, values, out) => {
    for (const { size, image, phase } of phasesOf(shape, x.shape, block, crops))
      copyWindow(kernels, size, { ...phase, at: values! }, { ...image, at: out! });
  });
}

function isOfImages(x: Tensors[string], block: readonly number[]): boolean {
  return x.rank === 4 && block.length === 2 && x.dtype === 'float32';
}

interface Phase {
  /** Of the pixels that exist: those of the margins are in no image. */
  readonly size: readonly number[];
  readonly image: Window;
  readonly phase: Window;
}

function* phasesOf(
  images: readonly number[],
  phases: readonly number[],
  block: Sides<number>,
  margins: Sides<Margin>,
): Generator<Phase> {
  const [count, height, width, depth] = four(images, 1);
  const [, rows, columns] = four(phases, 1);
  const [plane, row, run] = inside(images).steps;
  const steps = [plane, block[0] * row, block[1] * run] as const;
  for (let y = 0; y < block[0]; y++)
    for (let x = 0; x < block[1]; x++) {
      // Where the first pixel of the phase would be.
      const [down, right] = [y - margins[0][0], x - margins[1][0]];
      const [top, bottom] = existing(down, block[0], height, rows);
      const [first, last] = existing(right, block[1], width, columns);
      if (bottom <= top || last <= first) continue;
      const from = (down + top * block[0]) * row + (right + first * block[1]) * run;
      yield {
        size: [count, bottom - top, last - first, depth],
        image: { first: from, steps },
        phase: inside(phases, [(y * block[1] + x) * count, top, first, 0]),
      };
    }
}

/** The range of the `count` places `offset + place * step` that lie within 0 … length − 1. */
function existing(offset: number, step: number, length: number, count: number): Margin {
  const from = Math.max(0, Math.ceil(-offset / step));
  return [from, Math.min(count, Math.ceil((length - offset) / step))];
}

/** A window in an array: how many floats it begins after, and how many lie between planes, rows, runs. */
interface Window {
  readonly first: number;
  readonly steps: readonly [number, number, number];
}

/** The window of an array of this shape that begins at these indices. */
function inside(shape: readonly number[], begin: readonly number[] = []): Window {
  const [, height, width, depth] = four(shape, 1);
  const [plane, row, run, at] = four(begin, 0);
  const steps = [height * width * depth, width * depth, depth] as const;
  return { first: plane * steps[0] + row * steps[1] + run * steps[2] + at, steps };
}

/** @param size of the window, of up to four dimensions */
function copyWindow(
  kernels: ComputeModule,
  size: readonly number[],
  from: Window & { readonly at: number },
  to: Window & { readonly at: number },
): void {
  const pointers = [from, to].map(({ at, first }) => at + first * Float32Array.BYTES_PER_ELEMENT);
  kernels.copy_window(...pointers, ...four(size, 1), ...from.steps, ...to.steps);
}

/** Leading dimensions are added up to four. */
function four(list: readonly number[], filler: number): [number, number, number, number] {
  return [...Array<number>(4 - list.length).fill(filler), ...list] as [
    number,
    number,
    number,
    number,
  ];
}
