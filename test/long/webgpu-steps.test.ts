import { beforeAll, describe, expect, test } from 'vitest';
import type { StepperReport } from '../stages/support/stepper-child.js';
import { COMPILE_TIMEOUT, findSoftwareDriver, runSteppers } from '../stages/support/webgpu.js';

const driver = findSoftwareDriver();
const where = driver ?? 'SKIPPED: no software driver for Vulkan on this machine';

describe.skipIf(driver === null)(`recorded training steps of the architectures (${where})`, () => {
  let report: StepperReport;

  beforeAll(async () => {
    const outcome = await runSteppers(driver!, 'architectures');
    if (outcome === null) throw new Error(`${driver} offers no adapter that WebGPU accepts`);
    report = outcome;
  }, COMPILE_TIMEOUT);

  test.each(['deepvision', 'restorer'])(
    '%s trains as with plain steps on the cpu backend',
    (arch) => {
      const { cpu, webgpu, distance } = report[arch]!;
      expect(cpu).toHaveLength(2);
      webgpu.forEach((loss, epoch) => {
        expect(Math.abs(loss / cpu[epoch]! - 1), `epoch ${epoch}`).toBeLessThan(1e-5);
      });
      // Not closer: Adam divides by the root of almost zero where a bias before a batch norm has no
      // gradient but rounding errors, and takes whole steps in the direction of these.
      expect(distance).toBeLessThan(0.02);
    },
  );

  test.each(['deepvision', 'restorer'])('%s gives the same bytes again', (arch) => {
    expect(report[arch]!.repeats).toBe(true);
  });

  test.each(['deepvision', 'restorer'])('%s leaves no tensor over', (arch) => {
    expect(report[arch]!.leaked).toBe(0);
  });
});
