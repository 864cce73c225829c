/** The requirements for recorded training steps of any network. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { StepperReport } from './stepper-child.js';
import { COMPILE_TIMEOUT, findSoftwareDriver, runSteppers } from './webgpu.js';

const driver = findSoftwareDriver();
const where = driver ?? 'SKIPPED: no software driver for Vulkan on this machine';

/** @param names the networks of this set that stepper-child.ts trains */
export function describeRecordedSteps(
  set: Parameters<typeof runSteppers>[1],
  names: readonly string[],
): void {
  describe.skipIf(driver === null)(`recorded training steps, ${set} (${where})`, () => {
    let report: StepperReport;

    beforeAll(async () => {
      const outcome = await runSteppers(driver!, set);
      if (outcome === null) throw new Error(`${driver} offers no adapter that WebGPU accepts`);
      report = outcome;
    }, COMPILE_TIMEOUT);

    test.each(names)('%s trains as with plain steps on the cpu backend', (name) => {
      const { cpu, webgpu, distance } = report[name]!;
      expect(cpu).toHaveLength(2);
      webgpu.forEach((loss, epoch) => {
        expect(Math.abs(loss / cpu[epoch]! - 1), `epoch ${epoch}`).toBeLessThan(1e-5);
      });
      // Not closer: Adam divides by the root of almost zero where a bias before a batch norm has no
      // gradient but rounding errors, and takes whole steps in the direction of these.
      expect(distance).toBeLessThan(0.02);
    });

    test.each(names)('%s gives the same bytes again', (name) => {
      expect(report[name]!.repeats).toBe(true);
    });

    test.each(names)('%s leaves no tensor over', (name) => {
      expect(report[name]!.leaked).toBe(0);
    });
  });
}
