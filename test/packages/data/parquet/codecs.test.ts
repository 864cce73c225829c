/** Decompressors of pages: they return the declared bytes, and stop at the first excess byte. */
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { createCodecs } from '@pipe-experiment/data/parquet/codecs.js';
import { describe, expect, test } from 'vitest';

/** Zstandard, RFC 8878: a frame of one block, the letter a 200 times; snappy: the letter and two copies of it. */
const ZSTD = Buffer.from('28b52ffd20c843060061', 'hex');
const SNAPPY = Buffer.from('c8010061fe0100fe0100fe01001a0100', 'hex');

const PAGE = Buffer.alloc(200, 'a');
const PACKED = {
  GZIP: gzipSync(PAGE),
  BROTLI: brotliCompressSync(PAGE),
  ZSTD,
  SNAPPY,
} as const;

describe.each(Object.keys(PACKED) as (keyof typeof PACKED)[])('%s', (codec) => {
  const unpack = (bytes: number, maxBytes = 1000) =>
    createCodecs(maxBytes)[codec]!(PACKED[codec], bytes);

  test('unpacks the original bytes', () => {
    expect(Buffer.from(unpack(200))).toEqual(PAGE);
  });

  test('stops if there is more than declared', () => {
    expect(() => unpack(199)).toThrow();
    expect(() => unpack(0)).toThrow();
  });

  test('is not started if more is declared than allowed', () => {
    expect(() => unpack(201, 200)).toThrow('its pages unpack to more than the 200 bytes allowed');
    expect(() => unpack(-1)).toThrow('its pages unpack to more than');
  });

  test('counts the pages together', () => {
    const unpackOne = createCodecs(399)[codec]!;
    unpackOne(PACKED[codec], 200);
    expect(() => unpackOne(PACKED[codec], 200)).toThrow('more than the 399 bytes allowed');
  });
});

test('a Zstandard page that is shorter than declared is an error', () => {
  expect(() => createCodecs(1000).ZSTD!(ZSTD, 201)).toThrow('a page unpacks to 200 of 201 bytes');
});
