/** Sizes as they are printed. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseSize } from '../../src/pipeline/document/quantity.js';
import { bytes } from '../../src/report/wording.js';

it('a limit is printed as it is written', () => {
  const texts = ['0', '512', '4K', '1.5M', '50G', '10G', '2T', '900M', '5000T'];
  expect(texts.map((text) => bytes(parseSize(text) as number))).toEqual(
    '0 B|512 B|4.0 KiB|1.5 MiB|50 GiB|10 GiB|2.0 TiB|900 MiB|5000 TiB'.split('|'),
  );
});

it('sizes are printed in the unit in which they are read (property)', () => {
  const counts = fc
    .integer({ min: 0, max: 49 })
    .chain((bits) => fc.integer({ min: 0, max: 2 ** bits }));
  fc.assert(
    fc.property(counts, (count) => {
      const text = bytes(count);
      expect(text).toMatch(/^(?:\d{1,3}|\d\.\d) (?:B|[KMGT]iB)$/);
      const read = parseSize(text.replace(' ', '').replace(/(?<=\d)B$/, '')) as number;
      expect(Math.abs(read - count)).toBeLessThanOrEqual(count * 0.05);
    }),
    { numRuns: 2000 },
  );
});
