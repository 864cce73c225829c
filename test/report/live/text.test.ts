/** Text by its columns. */
import { expect, test } from 'vitest';
import { cut, cutMiddle, pad, widthOf } from '../../../src/report/live/text-columns.js';

test.each([
  ['train@faces', 11],
  ['', 0],
  ['größe', 5],
  ['顔', 2],
  ['e\u0301', 1],
  ['🚀', 2],
  ['…●○', 3],
])('%j takes %d columns', (text, width) => {
  expect(widthOf(text)).toBe(width);
});

test.each([
  ['train@faces', 11, 'train@faces'],
  ['train@faces', 6, 'train…'],
  ['顔顔顔', 4, '顔…'],
  ['abc', 1, '…'],
  ['abc', 0, ''],
])('%j cut to %d is %j', (text, width, expected) => {
  expect(cut(text, width)).toBe(expected);
});

test.each([
  ['evaluate@faces,double20', 23, 'evaluate@faces,double20'],
  ['evaluate@faces,double20', 12, 'evalua…ble20'],
  ['顔顔顔顔', 5, '顔…顔'],
  ['abcd', 3, 'a…d'],
  ['abcd', 2, 'a…'],
])('%j cut in the middle to %d is %j', (text, width, expected) => {
  expect(cutMiddle(text, width)).toBe(expected);
  expect(widthOf(cutMiddle(text, width))).toBeLessThanOrEqual(width);
});

test('padding counts columns', () => {
  expect(pad('顔', 4)).toBe('顔  ');
});
