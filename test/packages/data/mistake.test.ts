/** User errors: whatever prints them, only our text appears. */
import { inspect } from 'node:util';
import { firstLine, isMistake, mistake } from '@pipe-experiment/data/mistake.js';
import { expect, test } from 'vitest';

test('an inspected user error shows its message and its hint, nothing else', () => {
  const error = mistake('the source cannot be opened', 'Name a folder.');
  expect(inspect(error)).toBe('the source cannot be opened\n  Name a folder.');
  expect(String(error.stack)).toBe('the source cannot be opened\n  Name a folder.');
});

test('a user error is distinguished from a bug', () => {
  expect(isMistake(mistake('x'))).toBe(true);
  expect(isMistake(new Error('x'))).toBe(false);
  expect(isMistake('x')).toBe(false);
});

test('the first line of any thrown value', () => {
  expect(firstLine(new Error('a\nb'))).toBe('a');
  expect(firstLine('plain')).toBe('plain');
});
