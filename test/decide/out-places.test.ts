/** Whether a name is in an out. */
import { expect, it } from 'vitest';
import { OutPlaces } from '../../src/decide/out-places.js';

it('finds the out that a name is in, however deep, and no out that only begins like it', () => {
  const outs = new OutPlaces();
  outs.add('made/by/a', 'made/by/a');
  outs.add('b', 'real/place');
  const deep = '/d'.repeat(2_000);
  for (const inside of ['made/by/a', `made/by/a${deep}`, 'b', `b${deep}`])
    expect(outs.isNamed(inside)).toBe(true);
  for (const outside of ['', 'made', 'made/by', 'made/by/aa', `made/by/aa${deep}`, `made/b${deep}`])
    expect(outs.isIn(outside)).toBe(false);
  expect([outs.isIn(`real/place${deep}`), outs.isNamed(`real/place${deep}`)]).toEqual([
    true,
    false,
  ]);
});
