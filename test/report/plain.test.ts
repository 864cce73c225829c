/** The text of `--dry` for an item. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Forecast, ItemDone, RunEvent } from '../../src/event.js';
import { plainLines } from '../../src/report/plain.js';
import { plainReporter } from '../../src/report/run-lines.js';

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
  it('shows how many epochs are kept, how many will run, and about how long that takes', () => {
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

it('shows the number of an epoch once, also if it is among the metrics', () => {
  const epoch = { type: 'epoch', item: 'a', epoch: 3, target: 7, seconds: 1 } as const;
  expect(plainLines({ ...epoch, metrics: { epoch: 3, loss: 0.5 } }, false)).toEqual([
    'a: epoch 3/7 in 1.0 s, loss 0.5',
  ]);
});

it('says if the outs of an item are those of its best epoch', () => {
  const ran = (epochs: ItemDone['epochs']) =>
    plainLines(
      { type: 'item', item: 'a', verdict: 'ran', seconds: 1, ...(epochs && { epochs }) },
      false,
    );
  expect(ran(undefined)).toEqual(['a: ran in 1.0 s']);
  expect(ran({ computed: 8, reached: 8 })).toEqual(['a: ran in 1.0 s']);
  expect(ran({ computed: 8, reached: 6, target: 50 })).toEqual([
    'a: ran in 1.0 s, outs from epoch 6, the best',
  ]);
});

describe('items that do not run', () => {
  const item = (name: string, change: Partial<ItemDone> = {}): ItemDone => ({
    type: 'item',
    item: name,
    verdict: 'blocked',
    reason: 'needs data, which failed',
    ...change,
  });
  const told = (events: readonly RunEvent[]) => {
    const lines: string[] = [];
    const report = plainReporter((line) => lines.push(line.trimEnd()));
    for (const event of events) report(event);
    return lines;
  };
  const counts = { ran: 0, restored: 0, fresh: 0, failed: 1, blocked: 402, cancelled: 0 };
  const summary: RunEvent = { type: 'summary', ...counts, seconds: 1 };
  const many = (count: number) => Array.from({ length: count }, (_, at) => item(`train@${at}`));

  it('are named up to the third of a stage, and then counted', () => {
    const events = [...many(400), item('sum'), item('plot', { reason: 'x' }), summary];
    expect(told(events)).toEqual([
      'train@0: blocked: needs data, which failed',
      'train@1: blocked: needs data, which failed',
      'train@2: blocked: needs data, which failed',
      'train: 397 more items blocked: needs data, which failed',
      'sum: blocked: needs data, which failed',
      'plot: blocked: x',
      'pipe: 0 ran, 0 restored, 0 fresh, 1 failed, 402 blocked',
    ]);
  });

  it('are counted before the next line, and also if an event without a line comes between', () => {
    const progress: RunEvent = { type: 'progress', item: 'a', done: 1, total: 2 };
    const ran = item('other', { verdict: 'ran' });
    const lines = told([...many(4), progress, ...many(1), ran, ...many(1)]);
    expect(lines.slice(3)).toEqual([
      'train: 2 more items blocked: needs data, which failed',
      'other: ran',
      'train@0: blocked: needs data, which failed',
    ]);
  });

  it('show how many epochs they keep, if they did start', () => {
    const start: RunEvent = { type: 'start', item: 'train@0', action: 'run', reason: 'x' };
    const metrics = {};
    const epoch = { type: 'epoch', item: 'train@0', target: 9, seconds: 1, metrics } as const;
    const begun: RunEvent[] = [
      { ...start, epochs: { completed: 3, target: 9 } },
      { ...epoch, epoch: 4 },
    ];
    const cancelled = { verdict: 'cancelled', reason: 'interrupted' } as const;
    const stopped = [1, 2, 3, 4].map((at) => item(`train@${at}`, cancelled));
    expect(told([...begun, item('train@0', cancelled), ...stopped, summary]).slice(3, 8)).toEqual([
      'train@0: cancelled: interrupted, 4 epochs kept',
      'train@1: cancelled: interrupted',
      'train@2: cancelled: interrupted',
      'train@3: cancelled: interrupted',
      'train: 1 more item cancelled: interrupted',
    ]);
    const failed = item('train@0', { verdict: 'failed' });
    expect(told([...begun, failed]).slice(3)).toEqual(['train@0: failed', '  4 epochs kept']);
  });

  it('are all counted, whatever the order (property)', () => {
    const verdict = fc.constantFrom('blocked', 'cancelled', 'ran', 'failed');
    const any = fc.record({ item: fc.constantFrom('a@1', 'a@2', 'b'), verdict });
    fc.assert(
      fc.property(fc.array(any), (all) => {
        const lines = told([...all.map(({ item: name, ...is }) => item(name, is)), summary]);
        const counted = lines.slice(0, -1).map((line) => Number(/(\d+) more/.exec(line)?.[1] ?? 1));
        expect(counted.reduce((sum, each) => sum + each, 0)).toBe(all.length);
      }),
    );
  });
});

it('shows every fifth report about a transfer, because there is one every second', () => {
  const lines: string[] = [];
  const report = plainReporter((text) => lines.push(text));
  for (let second = 1; second <= 12; second++) {
    const done = second * 2 ** 20;
    report({ type: 'transfer', direction: 'out', done, total: 2 ** 30, rate: 2 ** 20, left: 999 });
  }
  expect(lines).toEqual([
    '5.0 MiB of 1.0 GiB sent to the remote cache, 1.0 MiB/s, 16 min 39 s left\n',
    '10 MiB of 1.0 GiB sent to the remote cache, 1.0 MiB/s, 16 min 39 s left\n',
  ]);
});

describe('the last line', () => {
  const SUMMARY = {
    type: 'summary',
    ran: 5,
    restored: 1,
    fresh: 4,
    failed: 0,
    blocked: 0,
    cancelled: 0,
    seconds: 0,
  } as const;

  function lastLine(forecast: Partial<Forecast>): string {
    let text = '';
    plainReporter((line) => {
      text += line;
    })({ ...SUMMARY, ...forecast });
    return text;
  }

  it('counts the verdicts of a run', () => {
    expect(lastLine({})).toBe('pipe: 5 ran, 1 restored, 4 fresh\n');
  });

  it.each([
    [{ wouldRun: 2, mayRun: 0, wouldRestore: 0 }, 'pipe: would run 2, 4 fresh\n'],
    [{ wouldRun: 2, mayRun: 3, wouldRestore: 0 }, 'pipe: would run 2, may run 3, 4 fresh\n'],
    [{ wouldRun: 0, mayRun: 0, wouldRestore: 1 }, 'pipe: would run 0, would restore 1, 4 fresh\n'],
  ])('shows what a run would do: %j', (forecast, text) => {
    expect(lastLine(forecast)).toBe(text);
  });
});
