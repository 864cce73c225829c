/** A change in a line. */
import { describe, expect, it } from 'vitest';
import { commandFromTo, fromTo, pair } from '../../src/decide/from-to.js';

const A = 'a'.repeat(100);

describe('a change', () => {
  it.each<[unknown, unknown, string]>([
    [0.001, 0.0003, '0.001 → 0.0003'],
    ['x', 'y', 'x → y'],
    [1, '1', '1 → "1"'],
    [0.1, '0,1', '0.1 → "0,1"'],
    ['none', 2, '"none" → 2'],
    [null, 'null', 'null → "null"'],
    [true, 'true', 'true → "true"'],
    [undefined, 1, '(absent) → 1'],
    [[1, 2], [1], '[1,2] → [1]'],
    ['short', A, `short → ${'a'.repeat(59)}…`],
  ])('of %j to %j is %s', (before, now, text) => {
    expect(fromTo(before, now)).toBe(text);
  });

  it('of long texts shows where they start to differ', () => {
    expect(fromTo(`${A}1`, `${A}2`)).toBe(`…${'a'.repeat(20)}1 → …${'a'.repeat(20)}2`);
    expect(fromTo(`${A}${A}`, A)).toBe(`…${'a'.repeat(58)}… → …${'a'.repeat(20)}`);
    expect(fromTo(`1${A}`, `2${A}`)).toBe(`1${'a'.repeat(58)}… → 2${'a'.repeat(58)}…`);
  });

  it('of texts that fit shows both in full, and else the part that differs', () => {
    expect(pair('a path/of/one', 'a path/of/two', 13)).toEqual(['a path/of/one', 'a path/of/two']);
    expect(pair('a path/of/one', 'a path/of/two', 12)).toEqual(['…/of/one', '…/of/two']);
  });

  it('of commands is in backticks, and distinguishes a list from a text', () => {
    expect(commandFromTo('cat a', 'cat b')).toBe('`cat a` → `cat b`');
    expect(commandFromTo('cat a', 'cat a\ncat b\n')).toBe('`cat a` → `cat a\\ncat b\\n`');
    expect(commandFromTo(['cat', 'a'], 'cat a')).toBe('`["cat","a"]` → `"cat a"`');
  });
});
