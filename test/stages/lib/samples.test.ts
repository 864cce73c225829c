import { createRandom } from '@pipe-experiment/data/random.js';
import { describe, expect, it } from 'vitest';
import { areOnePicture, meanStatistics, sampleStatistics } from '../../../stages/lib/samples.js';

const SIDE = 100;
const everywhere = new Uint8Array(SIDE * SIDE).fill(1);

function picture(random: () => number, levels: number): Uint8Array {
  return Uint8Array.from({ length: SIDE * SIDE }, () => Math.floor(random() * levels));
}

describe('samples of a latent', () => {
  for (const levels of [2, 4, 256])
    for (const count of [2, 3, 7])
      it(`have the truth within their range as often as a draw of ${levels} levels has it within ${count} others`, () => {
        const random = createRandom(levels, `samples ${count}`);
        const draw = () => picture(random.uniform, levels);
        const { range } = sampleStatistics(Array.from({ length: count }, draw), draw(), everywhere);
        expect(range?.calibrated).toBeCloseTo((count - 1) / (count + 1), 12);
        // Four deviations of the mean of 10,000 pixels.
        expect(Math.abs(range!.covered - range!.calibrated)).toBeLessThan(0.02);
      });

  it('that are too narrow, or beside the truth, cover it less often', () => {
    const samples = [10, 12, 14].map((level) => new Uint8Array(4).fill(level));
    const mask = new Uint8Array(4).fill(1);
    const covered = (truth: number[]) =>
      sampleStatistics(samples, Uint8Array.from(truth), mask).range?.covered;
    expect(covered([11, 12, 13, 13])).toBe(1);
    expect(covered([9, 15, 200, 0])).toBe(0);
    // At an end, another order of the two equal levels would put the truth outside.
    expect(covered([10, 14, 10, 14])).toBe(0.5);
  });

  it('count in the hole alone, in every channel', () => {
    const [low, high] = [new Uint8Array(4).fill(100), new Uint8Array(4).fill(104)];
    const truth = Uint8Array.from([102, 0, 0, 0]);
    const { spread, range } = sampleStatistics([low, high], truth, Uint8Array.from([1, 0]));
    expect(spread).toBeCloseTo(4 / Math.sqrt(2), 12);
    expect(range?.covered).toBe(0.5);
  });

  it('are one picture if they differ by less than half a gray level in the mean of all settings', () => {
    const spreads = (...values: number[]) => values.map((spread) => ({ spread }));
    expect(areOnePicture(spreads(0.4, 0.55, 0.42))).toBe(true);
    expect(areOnePicture(spreads(0.4, 0.7, 0.45))).toBe(false);
  });

  it('have no range when there are fewer than two', () => {
    const one = sampleStatistics([new Uint8Array(4)], new Uint8Array(4), new Uint8Array(4).fill(1));
    expect(one).toEqual({ spread: 0 });
    expect(meanStatistics([one, one])).toEqual({ spread: 0 });
    expect(meanStatistics([])).toEqual({ spread: 0 });
  });
});
