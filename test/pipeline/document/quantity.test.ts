/** Durations and sizes, parsed strictly. */
import { describe, expect, it } from 'vitest';
import { parseDuration, parseSize } from '../../../src/pipeline/document/quantity.js';

describe('parseDuration', () => {
  it.each([
    ['90s', 90],
    ['30m', 1800],
    ['2h', 7200],
    ['1h30m', 5400],
    ['1d', 86_400],
    ['1d2h3m4s', 93_784],
    ['1.5h', 5400],
    ['0.5s', 0.5],
    [90, 90],
    [0.5, 0.5],
  ])('%s is %d seconds', (text, seconds) => expect(parseDuration(text)).toBe(seconds));

  it.each([
    '',
    '2',
    '2 h',
    '2H',
    'h',
    '30m1h',
    '1h1h',
    '-1h',
    '1h ',
    '1e3s',
    '0s',
    '2w',
    0,
    -1,
    null,
  ])('refuses %s', (text) => expect(parseDuration(text)).toBeUndefined());
});

describe('parseSize', () => {
  it.each([
    [0, 0],
    [1000, 1000],
    ['1000', 1000],
    ['4G', 4 * 2 ** 30],
    ['4GiB', 4 * 2 ** 30],
    ['1.5K', 1536],
    ['500M', 500 * 2 ** 20],
    ['2T', 2 * 2 ** 40],
  ])('%s is %d bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it.each(['', '4GB', '4 G', '4g', 'G', '-1', '1.5.2G', 1.5, -1, null])('refuses %s', (text) =>
    expect(parseSize(text)).toBeUndefined(),
  );
});
