/** NumPy arrays as pictures: which shapes are drawn, and how bright. */
import { inflateSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { arrayPicture } from '../../src/page/array-picture.js';
import { npy } from './npy.js';

/** Width, height, bits and color type, then the rows without the number of their filter. */
function decoded(png: Buffer) {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const size = png.readUInt32BE(33);
  const lines = inflateSync(png.subarray(41, 41 + size));
  const line = lines.length / height;
  const rows = Array.from({ length: height }, (_, y) => [
    ...lines.subarray(y * line + 1, (y + 1) * line),
  ]);
  return { width, height, kind: png[25], rows };
}

function drawn(bytes: Buffer) {
  const picture = arrayPicture(bytes);
  return picture && { note: picture.note, ...decoded(picture.png) };
}

it('draws numbers from 0 to 1 as gray, whatever their largest one', () => {
  expect(drawn(npy([2, 3], [0, 0.2, 0.4, 0.6, Number.NaN, 0.8]))).toEqual({
    note: '2×3 float32, black 0, white 1',
    width: 3,
    height: 2,
    kind: 0,
    rows: [
      [0, 51, 102],
      [153, 0, 204],
    ],
  });
});

it('draws colors on the last or the first axis, and other numbers from the smallest to the largest', () => {
  const last = drawn(npy([1, 2, 3], [0, 127.5, 255, 1, 2, 3]));
  expect(last).toMatchObject({ kind: 2, rows: [[0, 128, 255, 1, 2, 3]] });
  const first = drawn(npy([3, 1, 2], [-10, 0, 10, 0, 30, 30]));
  expect(first).toMatchObject({
    note: '3×1×2 float32, black -10, white 30',
    kind: 2,
    rows: [[0, 128, 255, 64, 64, 255]],
  });
});

it('draws a stack side by side, and only every n-th row of a large array', () => {
  const stack = drawn(npy([5, 2, 2], new Array(20).fill(0)));
  expect(stack).toMatchObject({ width: 3 * 3 - 1, height: 2 * 3 - 1 });
  const large = drawn(npy([2000, 2], new Array(4000).fill(1)));
  expect(large).toMatchObject({
    note: '2000×2 float32, 1 of 2 rows and columns, black 0, white 1',
    height: 1000,
    width: 1,
  });
});

it('draws nothing for another shape, or for a file that is not an array', () => {
  for (const shape of [[4], [1, 2, 2, 1], [0, 4]])
    expect(drawn(npy(shape, new Array(shape.reduce((a, b) => a * b)).fill(0)))).toBe(undefined);
  expect(drawn(Buffer.from('plain text'))).toBe(undefined);
});
