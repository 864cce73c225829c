import { describe, expect, it } from 'vitest';
import type { EpochRecord } from '../../src/cache/records/record.js';
import {
  metricAt,
  resume,
  secondsPerEpoch,
  statesToDrop,
  stopEpoch,
} from '../../src/decide/incremental.js';
import type { EpochPlan } from '../../src/pipeline/plan.js';
import type { Metrics } from '../../src/stage/context.js';

function chain(...values: (number | undefined)[]): EpochRecord[] {
  return values.map((value, at) => ({
    format: 1,
    chain: 'c',
    epoch: at + 1,
    state: `d:${'0'.repeat(64)}`,
    size: 1,
    seconds: at + 1,
    ...(value === undefined ? {} : { metrics: { val: { ssim: value } } }),
  }));
}

const all = () => true;
const best = { metric: 'val.ssim', mode: 'max' } as const;

describe('resume', () => {
  it('starts at the newest completed epoch that is not beyond the target', () => {
    expect(resume({ target: 8 }, chain(1, 2, 3, 4), all)).toEqual({ target: 8, completed: 4 });
    expect(resume({ target: 2 }, chain(1, 2, 3, 4), all)).toEqual({ target: 2, completed: 2 });
    expect(resume({ target: 8 }, [], all)).toEqual({ target: 8, completed: 0 });
  });

  it('skips an epoch whose state is gone', () => {
    const onlyTwo = (record: EpochRecord) => record.epoch === 2;
    expect(resume({ target: 8 }, chain(1, 2, 3, 4), onlyTwo)).toEqual({ target: 8, completed: 2 });
  });

  it('finds a metric whose name contains a dot, in a map too', () => {
    const named = (names: readonly string[]) => {
      const records = chain(1, 5, 4).map((record, at) => {
        const start: Metrics = { [names.at(-1)!]: [1, 5, 4][at]! };
        const metrics = names.slice(0, -1).reduceRight((tree, name) => ({ [name]: tree }), start);
        return { ...record, metrics };
      });
      const byName = { metric: names.join('.'), mode: 'max' } as const;
      return stopEpoch({ target: 3, patience: 9, best: byName }, records);
    };
    expect(named(['mAP@0.5'])).toBe(2);
    expect(named(['val', 'mAP@0.5:0.95', 'all'])).toBe(2);
    expect(named(['v1.2', 'val', 'loss'])).toBe(2);
  });

  it('stops at the best epoch once patience has run out', () => {
    const plan: EpochPlan = { target: 100, patience: 2, best };
    expect(resume(plan, chain(1, 5, 3, 4), all)).toEqual({ target: 2, completed: 2 });
  });
});

describe('stopEpoch', () => {
  it('is unknown while a better epoch may still come in time', () => {
    expect(stopEpoch({ target: 9, patience: 3, best }, chain(1, 5, 3, 4))).toBeUndefined();
  });

  it('keeps the earlier of two equally good epochs', () => {
    expect(stopEpoch({ target: 9, patience: 2, best }, chain(5, 5, 5))).toBe(1);
  });

  it('is the best epoch if the last one is reached before patience runs out', () => {
    expect(stopEpoch({ target: 3, patience: 9, best }, chain(1, 5, 4))).toBe(2);
  });

  it('counts an epoch without the metric as not better', () => {
    expect(stopEpoch({ target: 9, patience: 2, best }, chain(3, undefined, undefined))).toBe(1);
  });

  it('works in the other direction if less is better', () => {
    const least = { metric: 'val.ssim', mode: 'min' } as const;
    expect(stopEpoch({ target: 3, patience: 9, best: least }, chain(4, 1, 5))).toBe(2);
  });

  it('gives the same answer on every prefix that already decides it, so two runs agree', () => {
    const values = [1, 5, 3, 4, 9, 9];
    const plan: EpochPlan = { target: 6, patience: 2, best };
    for (let length = 4; length <= values.length; length++) {
      expect(stopEpoch(plan, chain(...values.slice(0, length)))).toBe(2);
    }
  });
});

describe('statesToDrop', () => {
  it('drops nothing by default', () => {
    expect(statesToDrop(undefined, chain(1, 2, 3), [])).toEqual([]);
  });

  it('keeps the last, every nth, the best and the needed ones', () => {
    const records = chain(1, 9, 3, 4, 5, 6, 7, 8);
    const keep = { last: 2, every: 3, best };
    expect(statesToDrop(keep, records, [1])).toEqual([4, 5]);
  });

  it('always keeps the newest, from which the chain continues', () => {
    expect(statesToDrop({ every: 100 }, chain(1, 2, 3), [])).toEqual([1, 2]);
    expect(statesToDrop({ last: 0 }, chain(1, 2, 3), [])).toEqual([1, 2]);
  });
});

describe('metrics of a chain', () => {
  it('are found by dot path, and only numbers count', () => {
    expect(metricAt({ val: { ssim: 0.5 } }, 'val.ssim')).toBe(0.5);
    expect(metricAt({ val: { ssim: 0.5 } }, 'val')).toBeUndefined();
    expect(metricAt({ val: { ssim: Number.NaN } }, 'val.ssim')).toBeUndefined();
    expect(metricAt(undefined, 'val')).toBeUndefined();
    expect(metricAt({}, 'constructor')).toBeUndefined();
  });

  it('predict the duration of an epoch by the median of the last five', () => {
    expect(secondsPerEpoch(chain(1, 1, 1, 1, 1, 1, 1))).toBe(5);
    expect(secondsPerEpoch([])).toBeUndefined();
    expect(secondsPerEpoch(chain(1, 1).map((each) => ({ ...each, seconds: 0 })))).toBeUndefined();
  });
});
