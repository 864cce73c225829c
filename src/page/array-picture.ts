/** Draws a NumPy array of 2 or 3 dimensions as a PNG. Pure. */
import { crc32, deflateSync } from 'node:zlib';
import { readNpy } from '../compare/npy-file.js';
import { type ElementType, reader, type Tensor } from '../compare/tensor.js';
import { rangeOf } from '../lists.js';

export interface ArrayPicture {
  readonly png: Buffer;
  /** Shape, type, and the values of black and white. */
  readonly note: string;
  /** Ratio of the longer side to the shorter one. */
  readonly ratio: number;
}

/** Of a longer side, only every n-th row or column is drawn. */
const LONGEST = 1024;
const MOST_PLANES = 64;
const GAP = 1;

/** Undefined for another shape, and for anything that is not an array of numbers. */
export function arrayPicture(bytes: Buffer): ArrayPicture | undefined {
  const tensor = readNpy(bytes);
  const layout = tensor && layoutOf(tensor.shape);
  if (tensor === undefined || layout === undefined) return undefined;
  const step = Math.ceil(Math.max(layout.height, layout.width) / LONGEST);
  const values = sampled(tensor, layout, step);
  const [low, high] = shownRange(values, tensor.type);
  const { planes, channels } = layout;
  const tile = { height: Math.ceil(layout.height / step), width: Math.ceil(layout.width / step) };
  const across = Math.ceil(Math.sqrt(planes));
  const down = Math.ceil(planes / across);
  const width = across * (tile.width + GAP) - GAP;
  const height = down * (tile.height + GAP) - GAP;
  // Each line begins with the number of its filter, which is "none".
  const line = 1 + width * channels;
  const pixels = Buffer.alloc(height * line, 255);
  for (let y = 0; y < height; y++) pixels[y * line] = 0;
  let from = 0;
  for (let plane = 0; plane < planes; plane++) {
    const [left, top] = [(plane % across) * (tile.width + GAP), Math.floor(plane / across)];
    for (let y = 0; y < tile.height; y++) {
      const start = (top * (tile.height + GAP) + y) * line + 1 + left * channels;
      for (let at = 0; at < tile.width * channels; at++, from++) {
        const part = ((values[from] as number) - low) / (high - low || 1);
        pixels[start + at] = Math.round(255 * Math.max(0, Math.min(1, part || 0)));
      }
    }
  }
  const { height: rows, width: columns } = layout;
  return {
    png: png(pixels, width, height, channels),
    note: noteOf(tensor, layout, step, low, high),
    ratio: Math.max(rows / columns, columns / rows),
  };
}

interface Layout {
  readonly planes: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Axes of the array that are plane, row, column and channel; undefined: the array has no such axis. */
  readonly axes: readonly [number | undefined, number, number, number | undefined];
}

/** Gray, with colours last or first as frameworks store them, or a stack of gray pictures. */
function layoutOf(shape: readonly number[]): Layout | undefined {
  if (shape.some((length) => length === 0)) return undefined;
  const isColor = (length: number | undefined) => length === 1 || length === 3 || length === 4;
  const [a = 0, b = 0, c = 0] = shape;
  if (shape.length === 2)
    return { planes: 1, height: a, width: b, channels: 1, axes: [undefined, 0, 1, undefined] };
  if (shape.length !== 3) return undefined;
  if (isColor(c))
    return { planes: 1, height: a, width: b, channels: c, axes: [undefined, 0, 1, 2] };
  if (isColor(a))
    return { planes: 1, height: b, width: c, channels: a, axes: [undefined, 1, 2, 0] };
  const planes = Math.min(a, MOST_PLANES);
  return { planes, height: b, width: c, channels: 1, axes: [0, 1, 2, undefined] };
}

/** The drawn elements: plane by plane, row by row, the channels of a pixel together. */
function sampled(tensor: Tensor, layout: Layout, step: number): Float64Array {
  const { shape, firstFastest = false } = tensor;
  const strides = shape.map((_, axis) =>
    (firstFastest ? shape.slice(0, axis) : shape.slice(axis + 1)).reduce((a, b) => a * b, 1),
  );
  const [plane, row, column, channel] = layout.axes.map((axis) =>
    axis === undefined ? 0 : (strides[axis] as number),
  ) as [number, number, number, number];
  const read = reader(tensor);
  const [rows, columns] = [Math.ceil(layout.height / step), Math.ceil(layout.width / step)];
  const values = new Float64Array(layout.planes * rows * columns * layout.channels);
  let to = 0;
  for (let p = 0; p < layout.planes; p++)
    for (let y = 0; y < layout.height; y += step)
      for (let x = 0; x < layout.width; x += step)
        for (let c = 0; c < layout.channels; c++)
          values[to++] = read(p * plane + y * row + x * column + c * channel);
  return values;
}

/** The usual ranges of pictures if the values fit, so that two pictures have the same scale. */
function shownRange(values: Float64Array, type: ElementType): readonly [number, number] {
  const [low, high] = rangeOf(values.filter(Number.isFinite));
  if (type === 'U8') return [0, 255];
  if (low >= 0 && high <= 1) return [0, 1];
  if (low >= -1 && high <= 1) return [-1, 1];
  if (low >= 0 && high <= 255) return [0, 255];
  return low > high ? [0, 1] : [low, high];
}

const KINDS: Readonly<Record<string, string>> = { F: 'float', I: 'int', U: 'uint' };

function noteOf(
  { shape, type }: Tensor,
  { planes, axes }: Layout,
  step: number,
  low: number,
  high: number,
): string {
  const name = type === 'BOOL' ? 'bool' : `${KINDS[type[0] as string]}${type.slice(1)}`;
  const [all = 0] = shape;
  return [
    `${shape.join('×')} ${name}`,
    ...(axes[0] !== undefined && planes < all ? [`the first ${planes}`] : []),
    ...(step > 1 ? [`1 of ${step} rows and columns`] : []),
    `black ${Number(low.toPrecision(4))}, white ${Number(high.toPrecision(4))}`,
  ].join(', ');
}

/** By number of channels: gray, RGB, RGBA. */
const COLOR_TYPES: Readonly<Record<number, number>> = { 1: 0, 3: 2, 4: 6 };

function png(lines: Buffer, width: number, height: number, channels: number): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, COLOR_TYPES[channels] as number, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(lines)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
