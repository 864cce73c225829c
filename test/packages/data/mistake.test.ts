/** Errors for the user: whatever prints them, only our words are seen. */
import { inspect } from 'node:util';
import { firstLine, isMistake, mistake } from '@pipe-experiment/data/mistake.js';
import { expect, test } from 'vitest';

test('an inspected mistake is its message and its cure, nothing else', () => {
  const error = mistake('the source cannot be opened', 'Name a folder.');
  expect(inspect(error)).toBe('the source cannot be opened\n  Name a folder.');
  expect(String(error.stack)).toBe('the source cannot be opened\n  Name a folder.');
});

test('a mistake is told from a bug', () => {
  expect(isMistake(mistake('x'))).toBe(true);
  expect(isMistake(new Error('x'))).toBe(false);
  expect(isMistake('x')).toBe(false);
});

test('the first line of whatever was thrown', () => {
  expect(firstLine(new Error('a\nb'))).toBe('a');
  expect(firstLine('plain')).toBe('plain');
});
