/** The plot of `pipe epochs`, and its choice of the metric. */
import { expect, it } from 'vitest';
import type { EpochRecord } from '../../src/cache/records/record.js';
import { curve } from '../../src/cli/curve.js';
import { drawnMetric } from '../../src/decide/drawn-metric.js';
import type { EpochPlan } from '../../src/pipeline/plan.js';
import type { Metrics } from '../../src/stage/context.js';

function record(epoch: number, metrics: Metrics): EpochRecord {
  return { format: 1, chain: '', epoch, state: 'd:00', size: 1, seconds: 1, metrics };
}

const plan: EpochPlan = { target: 12 };

it('plots the metric by which keep or epochs selects', () => {
  const records = [record(1, { epoch: 1, loss: 2, val: { ssim: 0.5, loss: 3 } })];
  const best = { metric: 'val.ssim', mode: 'max' } as const;
  expect(drawnMetric(records, { ...plan, keep: { best } })).toBe('val.ssim');
  expect(drawnMetric(records, { ...plan, best: { metric: 'val.loss', mode: 'min' } })).toBe(
    'val.loss',
  );
  const absent = { metric: 'val.psnr', mode: 'max' } as const;
  expect(drawnMetric(records, { ...plan, keep: { best: absent } })).toBe('val.ssim');
});

it('otherwise plots validation, then a loss, then any metric except epoch numbers and similar values', () => {
  const of = (metrics: Metrics) => drawnMetric([record(1, metrics)], plan);
  expect(of({ epoch: 1, loss: 2, val: { score: 0.5 } })).toBe('val.score');
  expect(of({ epoch: 1, train: { accuracy: 1, loss: 2 } })).toBe('train.loss');
  expect(of({ epoch: 1, learningRate: 0.1, seconds: 3, accuracy: 0.9 })).toBe('accuracy');
  expect(of({ epoch: 1 })).toBe('epoch');
  expect(of({})).toBeUndefined();
  expect(drawnMetric([], plan)).toBeUndefined();
});

it('connects the epochs by lines, between axes labelled with first and last values', () => {
  const values = [0, 4, 4, 8];
  const records = values.map((loss, at) => record(at + 1, { loss }));
  expect(curve(records, 'loss', 21)).toBe(`
  loss
  8 ┤⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⢀⠎
    │⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⢠⠊⠀
    │⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⡰⠁⠀⠀
    │⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⡔⠁⠀⠀⠀
    │⠀⠀⠀⠀⡰⠉⠉⠉⠉⠉⠉⠀⠀⠀⠀⠀
    │⠀⠀⢀⠜⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀
    │⠀⢠⠊⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀
  0 ┤⡰⠁⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀
    └────────────────
     epoch 1        4
`);
});

it('is about 60 columns wide if there is room, and shows each of many epochs', () => {
  const of = (count: number) =>
    curve(
      Array.from({ length: count }, (_, at) => record(at + 1, { loss: at })),
      'loss',
      100,
    );
  for (const count of [2, 12, 350, 200_000]) {
    const lines = of(count).split('\n');
    expect(lines.at(-2)).toMatch(new RegExp(`^ +epoch 1 +${count}$`));
    expect(lines.at(-3)).toMatch(/^ +└─{60}$/);
  }
});

it('plots nothing for a single value', () => {
  expect(curve([record(1, { loss: 1 })], 'loss', 80)).toBe('');
});
