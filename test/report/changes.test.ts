/** Numbers in the tables of changes and results. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { number } from '../../src/page/client/format-values.js';
import { deviation, show } from '../../src/report/changes.js';
import { metricTexts } from '../../src/report/wording.js';

it('whole numbers are shown in full, because they may be counts or seeds (property)', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const texts = [show(value), number(value), metricTexts({ value })[0]?.[1]];
      expect(texts).toEqual(Array(3).fill(String(value)));
    }),
  );
});

it('a change of a whole number is exact, and its share has three digits', () => {
  expect(deviation(139, 1272)).toBe('+1133 (+815 %)');
  expect(deviation(123456789, 123456790)).toBe('+1 (+8.1e-7 %)');
  expect(deviation(0.5, 0.51234)).toBe('+0.0123 (+2.47 %)');
});
