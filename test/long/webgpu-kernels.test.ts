import { expect, test } from 'vitest';
import { COMPILE_TIMEOUT, findSoftwareDriver, runOnWebgpu } from '../stages/support/webgpu.js';

const driver = findSoftwareDriver();

test.skipIf(driver === null).each([
  ['matrix products in every tile', 'all-tiles', 12],
  ['convolutions, sums and products over the edges of every way', 'all', 50],
] as const)(
  '%s equal those of the cpu backend, in the same bytes again',
  async (_what, cases, count) => {
    const report = await runOnWebgpu(driver!, cases);
    expect(Object.keys(report!.distances)).toHaveLength(count);
    for (const [name, distance] of Object.entries(report!.distances)) {
      expect(distance, name).toBeLessThan(3e-6);
      expect(report!.repeats[name], name).toBe(true);
    }
  },
  COMPILE_TIMEOUT,
);
