import { expect, test } from 'vitest';
import { COMPILE_TIMEOUT, findSoftwareDriver, runOnWebgpu } from '../stages/support/webgpu.js';

const driver = findSoftwareDriver();

test.skipIf(driver === null)(
  'matrix products in every tile equal those of the cpu backend, in the same bytes again',
  async () => {
    const report = await runOnWebgpu(driver!, 'all-tiles');
    expect(Object.keys(report!.distances)).toHaveLength(12);
    for (const [name, distance] of Object.entries(report!.distances)) {
      expect(distance, name).toBeLessThan(3e-6);
      expect(report!.repeats[name], name).toBe(true);
    }
  },
  COMPILE_TIMEOUT,
);
