/** What `--dry` says of an item. */
import { describe, expect, it } from 'vitest';
import type { ItemDone } from '../../src/event.js';
import { plainLines } from '../../src/report/plain.js';

/** An item that would compute 12 epochs more than the 38 that are kept. */
const TRAIN: ItemDone = {
  type: 'item',
  item: 'train@faces',
  verdict: 'ran',
  reason: 'epochs 38 → 50',
  expected: 840,
  epochs: { computed: 12, reached: 50 },
};

function forecast(change: Partial<ItemDone>): string | undefined {
  return plainLines({ ...TRAIN, ...change }, true)[0];
}

describe('a forecast', () => {
  it('says how many epochs are kept, how many are to run, and about how long that takes', () => {
    expect(forecast({})).toBe(
      'train@faces: 38 epochs kept, 12 to run, about 14 min (epochs 38 → 50)',
    );
  });

  it.each([
    [0.44, '0.4 s'],
    [59.4, '59 s'],
    [59.6, '1 min'],
    [89, '1 min'],
    [3569, '59 min'],
    [3571, '1 h 00 min'],
    [7500, '2 h 05 min'],
  ])('rounds %f seconds to about %s', (expected, text) => {
    expect(forecast({ expected })).toContain(`12 to run, about ${text} (`);
  });
});
