/** The live view as lines, at any size. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../../src/event.js';
import { frame } from '../../../src/report/live/lines.js';
import { after, emptyState, type LiveState } from '../../../src/report/live/live-state.js';
import { widthOf } from '../../../src/report/live/text-columns.js';

type Timed = readonly [second: number, event: RunEvent];

const ITEMS = ['prep', 'train@faces', 'train@animals', 'evaluate@faces', 'evaluate@animals'];

function stateAfter(events: readonly Timed[], items = ITEMS): LiveState {
  const first = after(emptyState(0), { type: 'run', items, dry: false }, 0);
  return events.reduce((state, [second, event]) => after(state, event, second), first);
}

function shown(events: readonly Timed[], now: number, columns = 81, rows = 24): string[] {
  return frame(stateAfter(events), { columns, rows }, now).map((line) =>
    line
      .map(({ text }) => text)
      .join('')
      .trimEnd(),
  );
}

const start = (item: string, more: object = {}): RunEvent => ({
  type: 'start',
  item,
  action: 'run',
  reason: 'never ran',
  ...more,
});

const verdict = (item: string, is: 'ran' | 'failed' | 'fresh'): RunEvent => ({
  type: 'item',
  item,
  verdict: is,
});

test('docs/command-line.md shows a frame as it is', () => {
  const reason = 'waits for a GPU: GPU 0 held by train@faces, pid 4711, since 14:02:11';
  const metrics = { loss: 0.03 };
  const events: Timed[] = [
    [0, start('prep')],
    [12, verdict('prep', 'ran')],
    [12, start('train@faces', { epochs: { completed: 0, target: 10 } })],
    [12, { type: 'waiting', item: 'train@animals', reason }],
    [19.5, { type: 'epoch', item: 'train@faces', epoch: 6, target: 10, seconds: 1.5, metrics }],
  ];
  const page = readFileSync(new URL('../../../docs/command-line.md', import.meta.url), 'utf8');
  expect(page).toContain(`prep: ran in 12 s\n${shown(events, 21, 100).join('\n')}\n`);
});

describe('the line of the run', () => {
  test('shows the remaining items by stage', () => {
    expect(shown([], 3)).toEqual(['3 s: 5 to come (prep, train 2, evaluate 2)']);
  });

  test('follows the transfers, with rate and time left, while they last', () => {
    const moving = {
      type: 'transfer',
      done: 2 ** 21,
      total: 2 ** 23,
      rate: 2 ** 19,
      left: 12,
    } as const;
    const events: Timed[] = [
      [1, { ...moving, direction: 'out' }],
      [2, { ...moving, direction: 'in' }],
    ];
    expect(shown(events, 3).slice(0, -1)).toEqual([
      '2.0 MiB of 8.0 MiB received from the remote cache, 512 KiB/s, 12 s left',
      '2.0 MiB of 8.0 MiB sent to the remote cache, 512 KiB/s, 12 s left',
    ]);
    expect(shown(events, 6)).toHaveLength(1);
  });

  test('counts ended and running items', () => {
    const events: Timed[] = [
      [0, verdict('prep', 'fresh')],
      [1, start('train@faces')],
      [1, { type: 'waiting', item: 'train@animals', reason: 'waits for a GPU' }],
      [2, verdict('train@faces', 'failed')],
      [2, start('evaluate@faces')],
    ];
    expect(shown(events, 65).at(-1)).toBe(
      '1 min 05 s: 1 running, 1 waiting, 1 failed, 1 done, 1 to come (evaluate)',
    );
  });
});

describe('the line of an item', () => {
  const line = (events: readonly Timed[], now: number) => shown(events, now)[0];

  test('shows why it runs, on which GPU, and for how long', () => {
    const events: Timed[] = [[10, start('train@faces', { gpus: [1] })]];
    expect(line(events, 22)).toBe('● train@faces  12 s  never ran, GPU 1');
  });

  test('shows how many more reasons there are', () => {
    const reasons = ['param rate 1 → 3', 'dep in.txt changed', 'out b added'];
    const events: Timed[] = [[0, start('prep', { reason: reasons[0], reasons, gpus: [0] })]];
    expect(line(events, 4)).toBe('● prep  4 s  param rate 1 → 3, and 2 more reasons, GPU 0');
  });

  test('shows progress, and the time left at that speed', () => {
    const events: Timed[] = [
      [0, start('prep')],
      [1, { type: 'progress', item: 'prep', done: 0, total: 2000, unit: 'images' }],
      [11, { type: 'progress', item: 'prep', done: 500, total: 2000, unit: 'images' }],
    ];
    expect(line(events, 11)).toBe('● prep  11 s  500/2000 images 25%, 30 s left');
    expect(line(events, 21)).toBe('● prep  21 s  500/2000 images 25%, 20 s left');
  });

  test('shows the epoch, its metrics, and the time left by the last epochs', () => {
    const epoch = (k: number, seconds: number): RunEvent => ({
      type: 'epoch',
      item: 'train@faces',
      epoch: k,
      target: 50,
      seconds,
      metrics: { loss: 0.03125, val: { ssim: 0.91 } },
    });
    const events: Timed[] = [
      [0, start('train@faces', { epochs: { completed: 38, target: 50 } })],
      [10, epoch(39, 10)],
      [30, epoch(40, 20)],
    ];
    expect(line(events, 30)).toBe(
      '● train@faces  30 s  epoch 40/50, 2 min 30 s left, loss 0.03125, val.ssim 0.91',
    );
    expect(line(events, 35)).toBe(
      '● train@faces  35 s  epoch 40/50, 2 min 25 s left, loss 0.03125, val.ssim 0.91',
    );
  });

  test('shows the epoch once for a stage that reports its epochs as progress', () => {
    const events: Timed[] = [
      [0, start('train', { epochs: { completed: 0, target: 10 } })],
      [5, { type: 'epoch', item: 'train', epoch: 5, target: 10, seconds: 1, metrics: {} }],
      [5, { type: 'progress', item: 'train', done: 5, total: 10, unit: 'epochs' }],
    ];
    expect(line(events, 5)).toBe('● train  5 s  epoch 5/10, 5 s left');
    const within: RunEvent = { type: 'progress', item: 'train', done: 5, total: 10, unit: 'steps' };
    expect(line([...events, [5, within]], 5)).toContain('epoch 5/10, 5/10 steps 50%, ');
  });

  test('falls back on the last duration', () => {
    const events: Timed[] = [[0, start('prep', { expected: 90 })]];
    expect(line(events, 30)).toBe('● prep  30 s  never ran, 1 min 00 s left');
    expect(line(events, 100)).toBe('● prep  1 min 40 s  never ran');
  });

  test('shows what it waits for, below the running items', () => {
    const reason = 'waits for a GPU: GPU 0 held by train@x of /other, pid 4711, since 14:02:11';
    const events: Timed[] = [
      [0, { type: 'waiting', item: 'train@faces', reason }],
      [5, start('prep')],
    ];
    const lines = shown(events, 10, 121);
    expect(lines[0]).toBe('● prep         5 s   never ran');
    expect(lines[1]).toBe(`○ train@faces  10 s  ${reason}`);
  });

  test('forgets the progress within an epoch when the epoch is over', () => {
    const events: Timed[] = [
      [0, start('train@faces', { epochs: { completed: 0, target: 2 } })],
      [1, { type: 'progress', item: 'train@faces', done: 9, total: 10, unit: 'batches' }],
      [2, { type: 'epoch', item: 'train@faces', epoch: 1, target: 2, seconds: 2 }],
    ];
    expect(line(events, 2)).toBe('● train@faces  2 s  epoch 1/2, 2 s left');
  });
});

describe('a small terminal', () => {
  const events: Timed[] = [
    [0, start('evaluate@faces', { epochs: { completed: 3, target: 50 } })],
    [0, start('train@animals')],
  ];

  test('cuts the end of the detail first, then the middle of the name', () => {
    const at = (columns: number) => shown(events, 75, columns)[0];
    expect(at(51)).toBe('● evaluate@faces  1 min 15 s  epoch 3/50');
    expect(at(40)).toBe('● evaluate@faces  1 min 15 s  epoch 3/…');
    expect(at(30)).toBe('● evalua…@faces  1 min 15 s');
    expect(at(16)).toBe('● eval…ces');
    expect(at(4)).toBe('● …');
  });

  test('shows the first items and how many more there are', () => {
    const many = Array.from({ length: 200 }, (_, i) => `work@${i}`);
    const state = stateAfter(
      many.map((item) => [0, start(item)]),
      many,
    );
    const lines = frame(state, { columns: 80, rows: 10 }, 1).map((line) => line[0]?.text.trim());
    expect(lines).toHaveLength(9);
    expect(lines.slice(0, 2)).toEqual(['● work@0', '● work@1']);
    expect(lines.at(-2)).toBe('… and 193 more');
    expect(lines.at(-1)).toBe('1 s: 200 running');
  });
});

const anyEvent = fc.oneof(
  fc.record({
    type: fc.constant('start' as const),
    item: fc.constantFrom(...ITEMS),
    action: fc.constantFrom('run' as const, 'restore' as const),
    reason: fc.string({ maxLength: 60 }).map((text) => text.replace(/\p{C}/gu, '')),
    epochs: fc.constantFrom({ completed: 0, target: 9 }, { completed: 8, target: 9 }),
  }),
  fc.record({
    type: fc.constant('waiting' as const),
    item: fc.constantFrom(...ITEMS),
    reason: fc.constant('waits for 2 GPUs: GPU 0 held by 顔@猫, since 12:00:00'),
  }),
  fc.record({
    type: fc.constant('progress' as const),
    item: fc.constantFrom(...ITEMS),
    done: fc.nat(100),
    total: fc.nat(100),
  }),
  fc.record({
    type: fc.constant('epoch' as const),
    item: fc.constantFrom(...ITEMS),
    epoch: fc.nat(9),
    target: fc.constant(9),
    seconds: fc.double({ min: 0, max: 1e6, noNaN: true }),
  }),
  fc.record({
    type: fc.constant('transfer' as const),
    direction: fc.constantFrom('in' as const, 'out' as const),
    done: fc.nat(1e9),
    total: fc.nat(1e9),
    rate: fc.nat(1e9),
    left: fc.nat(1e6),
  }),
  fc.record({
    type: fc.constant('item' as const),
    item: fc.constantFrom(...ITEMS),
    verdict: fc.constantFrom('ran' as const, 'failed' as const),
  }),
);

test('whatever happens, no line is too wide and there are never too many', () => {
  fc.assert(
    fc.property(
      fc.array(anyEvent, { maxLength: 30 }),
      fc.integer({ min: 1, max: 120 }),
      fc.integer({ min: 1, max: 12 }),
      (events, columns, rows) => {
        const state = stateAfter(events.map((event, at) => [at, event]));
        const lines = frame(state, { columns, rows }, events.length);
        expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
        for (const line of lines) {
          const text = line.map((piece) => piece.text).join('');
          expect(widthOf(text)).toBeLessThanOrEqual(Math.max(1, columns - 1));
          expect(text).not.toMatch(/NaN|Infinity|undefined/);
        }
      },
    ),
    { numRuns: 500 },
  );
});
