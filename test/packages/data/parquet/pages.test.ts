/** Hand-made pages that no writer produces: invalid declarations are refused before unpacking. */

import { checkPages } from '@pipe-experiment/data/parquet/pages.js';
import type { ColumnMetaData, SchemaTree } from 'hyparquet';
import { describe, expect, test } from 'vitest';

const PLAIN = 0;
const DELTA_BYTE_ARRAY = 7;
const RLE_DICTIONARY = 8;

/** A number of thrift's compact protocol. */
function zigzag(value: number): number[] {
  const bytes: number[] = [];
  let left = value * 2;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return [...bytes, left];
}

/** A page of version 1, which the library `datasets` writes, with its header. */
function page(values: number, encoding: number, body: readonly number[]): number[] {
  const size = zigzag(body.length);
  const data = [0x15, ...zigzag(values), 0x15, ...zigzag(encoding), 0x15, 6, 0x15, 6, 0];
  return [0x15, 0, 0x15, ...size, 0x15, ...size, 0x2c, ...data, 0, ...body];
}

/** Definition levels of ten present values, with their length. */
const TEN = [2, 0, 0, 0, 20, 1];

function check(chunk: readonly number[], rows = 10, maxBytes = 1000): void {
  const element = { type: 'BYTE_ARRAY', name: 'image', repetition_type: 'OPTIONAL' } as const;
  const leaf: SchemaTree = { children: [], count: 1, element, path: ['image'] };
  const root: SchemaTree = { children: [leaf], count: 2, element: { name: 'root' }, path: [] };
  const meta = { codec: 'UNCOMPRESSED', type: 'BYTE_ARRAY' } as ColumnMetaData;
  const bytes = new Uint8Array(chunk).buffer;
  checkPages(bytes, { meta, path: [root, leaf], rows, maxBytes }, {});
}

describe('a page', () => {
  test('with as many values as rows is accepted, in one piece or two', () => {
    check(page(10, PLAIN, TEN));
    check([...page(10, PLAIN, TEN), ...page(10, RLE_DICTIONARY, [...TEN, 1, 20, 0])], 20);
  });

  test('may have its runs padded to a multiple of eight, but no further', () => {
    check(page(10, PLAIN, [3, 0, 0, 0, 5, 255, 3]));
    expect(() => check(page(10, PLAIN, [4, 0, 0, 0, 7, 255, 255, 255]))).toThrow(
      'a run of 24 values in a page of 10',
    );
  });

  test.each<[string, number[], string]>([
    ['levels', [6, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x0f, 1], 'a run of 2147483647 values'],
    ['levels backwards', [6, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 1], 'a run of -8 values'],
    ['indices', [...TEN, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0], 'a run of 2147483647 values'],
    ['wide indices', [...TEN, 33, 20, 0, 0, 0, 0, 0], 'values of 33 bits'],
  ])('with hostile %s is refused', (_, body, message) => {
    expect(() => check(page(10, RLE_DICTIONARY, body))).toThrow(message);
  });

  test('with more values than remaining rows is refused', () => {
    expect(() => check(page(2 ** 31 - 1, PLAIN, TEN))).toThrow(
      'a page declares 2147483647 values where 10 are left',
    );
    expect(() => check([...page(10, PLAIN, TEN), ...page(10, PLAIN, TEN)], 15)).toThrow(
      'a page declares 10 values where 5 are left',
    );
  });

  test('whose values grow by repetition is subject to the limit', () => {
    // Blocks of 128 in 4 parts, ten values: each repeats 100 bytes more than the one before.
    const prefixes = [0x80, 1, 4, 10, 0, 0xc8, 1, 0, 0, 0, 0];
    const rests = [0x80, 1, 4, 10, 0xc8, 1, 0, 0, 0, 0, 0];
    const body = [...TEN, ...prefixes, ...rests];
    expect(() => check(page(10, DELTA_BYTE_ARRAY, body), 10, 5499)).toThrow(
      'its pages unpack to more than the 5499 bytes allowed',
    );
    check(page(10, DELTA_BYTE_ARRAY, body), 10, 5500);
    const none = [...TEN, 0x80, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 10, 0];
    expect(() => check(page(10, DELTA_BYTE_ARRAY, none))).toThrow(
      'a page of blocks of 128 values in -1 parts',
    );
  });
});
