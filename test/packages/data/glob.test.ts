/** Patterns for paths. */

import { compileGlob } from '@pipe-experiment/data/glob.js';
import { expect, test } from 'vitest';

test.each([
  ['**', 'a/b/c.png', true],
  ['**/*.png', 'c.png', true],
  ['**/*.png', 'a/b/c.png', true],
  ['**/*.png', 'a/b/c.jpg', false],
  ['*.png', 'a/c.png', false],
  ['a/*/c.png', 'a/b/c.png', true],
  ['a/*/c.png', 'a/b/b/c.png', false],
  ['a/**', 'a/b/b/c.png', true],
  ['a/**', 'b/a/c.png', false],
  ['img?.png', 'img1.png', true],
  ['img?.png', 'img/.png', false],
  ['{cat,dog}/*', 'dog/1.jpg', true],
  ['{cat,dog}/*', 'cow/1.jpg', false],
  ['{raw-img/{cane,gatto},x}/*', 'raw-img/gatto/1.jpg', true],
  ['a+(b).[c]$^|,}.png', 'a+(b).[c]$^|,}.png', true],
  ['a.png', 'aXpng', false],
])('%s on %s: %s', (pattern, path, expected) => {
  expect(compileGlob(pattern)(path)).toBe(expected);
});

test('a brace that is not closed is an error', () => {
  expect(() => compileGlob('{a,b')).toThrow('a brace is not closed in the pattern {a,b');
});
