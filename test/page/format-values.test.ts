/** Numbers and times as the page writes them. */
import { expect, it } from 'vitest';
import {
  decimalsIn,
  differingParts,
  duration,
  epochCount,
  number,
} from '../../src/page/client/format-values.js';
import { spreadOf, spreadText } from '../../src/results/repeats.js';

it('writes a duration as the command line does, and a short one in hundredths or milliseconds', () => {
  expect(
    [0, 0.0003, 0.003, 0.00949, 0.0095, 0.034, 0.31, 9.96, 59.4, 92, 3599.7, 7500, undefined].map(
      duration,
    ),
  ).toEqual([
    '0.0 s',
    '0.3 ms',
    '3 ms',
    '9 ms',
    '0.01 s',
    '0.03 s',
    '0.3 s',
    '10.0 s',
    '59 s',
    '1 min 32 s',
    '1 h 00 min',
    '2 h 05 min',
    '–',
  ]);
});

it('counts the decimals of plain numbers only', () => {
  expect(['12', '-0.250', number(1e-9), '0.1 ± 0.2', '–', ''].map(decimalsIn)).toEqual([
    0,
    3,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

it('writes a mean with the digits that its deviation leaves certain', () => {
  expect(spreadText(25.716129, 0.0677)).toBe('25.716 ± 0.068');
  expect(spreadText(0.25, 0.04)).toBe('0.250 ± 0.040');
  expect(spreadText(1234.56, 123)).toBe('1235 ± 120');
  expect(spreadText(102, 1)).toBe('102 ± 1');
  expect(spreadText(0.123456789, 0)).toBe('0.1234568 ± 0');
  expect(spreadText(1.5e-12, 2e-13)).toBe('1.5e-12 ± 2e-13');
});

it.each([0.9, 0.999, 1e308, -1e-300])('finds no deviation among equal values: %d', (value) => {
  expect(spreadOf([value, value, value])).toEqual({ mean: value, sd: 0, n: 3 });
});

it.each([
  [
    ['test.small.ssim.mean', 'test.large.ssim.mean'],
    ['small', 'large'],
  ],
  [
    ['lr', 'val.loss'],
    ['lr', 'val.loss'],
  ],
  [
    ['loss', 'loss.mean'],
    ['loss', 'loss.mean'],
  ],
  [
    ['val.loss', 'val.loss.mean'],
    ['loss', 'loss.mean'],
  ],
  [
    ['a.b', 'a.b.b'],
    ['a.b', 'a.b.b'],
  ],
])('cuts from %j what all of them share, as long as they differ', (names, short) => {
  expect(differingParts(names)).toEqual(short);
});

it('writes how many epochs are completed, also beyond the target', () => {
  expect([epochCount(3, 5), epochCount(5, 5), epochCount(8, 5)]).toEqual([
    '3 of 5',
    '5 of 5',
    '8, target 5',
  ]);
});
