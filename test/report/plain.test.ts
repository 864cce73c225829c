/** What `--dry` says of an item. */
import { describe, expect, it } from 'vitest';
import type { ItemDone } from '../../src/event.js';
import { plainLines, plainReporter } from '../../src/report/plain.js';

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

describe('why an item runs', () => {
  it('is the first reason, and how many more there are', () => {
    const told = (reasons: readonly string[]) =>
      plainLines(
        { type: 'start', item: 'a', action: 'run', reason: reasons[0] as string, reasons },
        false,
      );
    expect(told(['forced'])).toEqual(['a: running (forced)']);
    expect(told(['x', 'y'])).toEqual(['a: running (x, and 1 more reason)']);
    expect(told(['x', 'y', 'z'])).toEqual(['a: running (x, and 2 more reasons)']);
  });
});

describe('a run that executes nothing', () => {
  const SUMMARY = {
    type: 'summary',
    restored: 0,
    fresh: 1,
    failed: 0,
    blocked: 0,
    cancelled: 0,
    seconds: 0,
  } as const;

  function told(mode: 'dry' | 'frozen' | undefined, ran: number): string {
    let text = '';
    const report = plainReporter((line) => {
      text += line;
    }, mode);
    report({ ...SUMMARY, ran });
    return text;
  }

  it('says so above the line that counts what would run', () => {
    expect(told('dry', 7)).toBe('(dry: nothing was run)\npipe: 7 ran, 0 restored, 1 fresh\n');
    expect(told('frozen', 7)).toBe('(frozen: nothing was run)\npipe: 7 ran, 0 restored, 1 fresh\n');
  });

  it('is silent about it when there is nothing to run, and so is any other run', () => {
    expect(told('dry', 0)).toBe('pipe: 0 ran, 0 restored, 1 fresh\n');
    expect(told(undefined, 7)).toBe('pipe: 7 ran, 0 restored, 1 fresh\n');
  });
});
