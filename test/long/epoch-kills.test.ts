/** 100 kills at random moments: of the run, the stage, or both. */
import { expect, test } from 'vitest';
import { epochStorm, modelAfter } from '../process/support/epoch-storm.js';
import { randomOf } from '../process/support/lock-storm.js';

test.each([21, 22])(
  '100 kills lose less than 100 epochs and no byte, seed %i',
  async (seed) => {
    const { computed, kills, model } = await epochStorm(1000, 100, randomOf(seed));
    console.log(`seed ${seed}: ${kills} kills, ${computed.length} epochs computed for 1000`);
    expect(model).toBe(modelAfter(1000));
    expect(new Set(computed).size).toBe(1000);
    expect(computed.length).toBeLessThanOrEqual(1000 + kills);
  },
  600_000,
);
