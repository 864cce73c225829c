/** Patterns for items, metrics and tolerances. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { wildcards } from '../src/wildcards.js';

/** The same pattern as a regular expression, which may take exponential time. */
function regex(pattern: string): RegExp {
  const source = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*');
  return new RegExp(`^${source.replace(/\?/g, '.')}$`, 'su');
}

it('match as a regular expression does (property)', () => {
  const pattern = fc.string({ unit: fc.constantFrom('*', '*', '?', 'a', 'b', '.', '\n', '😀') });
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '\n', '😀', '*') });
  fc.assert(
    fc.property(pattern, text, (pattern, text) => {
      expect(wildcards(pattern)(text)).toBe(regex(pattern).test(text));
    }),
    { numRuns: 2000 },
  );
});

it('match a long name with many stars at once', () => {
  const matches = wildcards(`${'a*'.repeat(40)}b`);
  const started = process.cpuUsage();
  expect(matches('a'.repeat(10_000))).toBe(false);
  const { user, system } = process.cpuUsage(started);
  expect(user + system).toBeLessThan(5_000_000);
});
