/** Control sequences: none gets through, however the text is split. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printable, printer } from '../src/printable.js';

test.each([
  ['\u001b[31mred\u001b[0m', 'red'],
  ['\u001b]0;title\u0007x', 'x'],
  ['a\bb\u0007\u0000', 'ab'],
  ['\u009b31mred', 'red'],
  ['one\n\ttwo', 'one\n\ttwo'],
  ['\u202etxt.exe', 'txt.exe'],
])('%j is shown as %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

test('a sequence that is split in two is joined again', () => {
  const print = printer();
  expect([print('a\u001b[3'), print('1mb\r'), print()].join('')).toBe('ab\r');
});

const pieces = fc.array(
  fc.oneof(
    fc.constantFrom('\u001b', '[31m', ']0;x', '\u0007', '\u009b', '\r', '\n', 'a'),
    fc.string(),
  ),
);

test('nothing that controls a terminal gets through', () => {
  fc.assert(
    fc.property(pieces, (texts) => {
      const print = printer();
      const shown = [...texts.map((text) => print(text)), print()].join('');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern removes them.
      expect(shown).not.toMatch(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/);
    }),
    { numRuns: 300 },
  );
});
