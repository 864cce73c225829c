import { beforeAll, describe, expect, test } from 'vitest';
import {
  COMPILE_TIMEOUT,
  findSoftwareDriver,
  NO_DRIVER,
  runChild,
  runOnWebgpu,
} from '../stages/support/webgpu.js';
import type { WebgpuReport } from '../stages/support/webgpu-child.js';

const driver = findSoftwareDriver();
const where = driver ?? 'SKIPPED: no software driver for Vulkan on this machine';

/** float32 has 6e-8; up to 2,100 additions in another order give 1e-6. */
const TOLERANCE = 3e-6;

describe.skipIf(driver === null)(`WebGPU (${where})`, () => {
  let report: WebgpuReport;

  // That the process ends shows that close() leaves nothing running.
  beforeAll(async () => {
    const outcome = await runOnWebgpu(driver!, 'few');
    if (outcome === null) throw new Error(`${driver} offers no adapter that WebGPU accepts`);
    report = outcome;
  }, COMPILE_TIMEOUT);

  test('a driver that computes on the CPU is distinguished from a GPU', () => {
    expect(report.adapter.software).toBe(true);
    expect(report.adapter.name).toMatch(/swiftshader|llvmpipe/i);
  });

  test('gradients, sums and products equal those of the cpu backend', () => {
    expect(Object.keys(report.distances)).toHaveLength(9);
    for (const [name, distance] of Object.entries(report.distances)) {
      expect(distance, name).toBeLessThan(TOLERANCE);
    }
  });

  test('a second run gives the same bytes', () => {
    for (const [name, same] of Object.entries(report.repeats)) expect(same, name).toBe(true);
  });

  test('a network of all the layers trains as on the cpu backend', () => {
    const { cpu, webgpu } = report.losses;
    expect(cpu.at(-1)).toBeLessThan(0.9 * cpu[0]!);
    webgpu.forEach((loss, step) => {
      expect(Math.abs(loss / cpu[step]! - 1), `step ${step}`).toBeLessThan(1e-5);
    });
  });

  test('no tensor leaks', () => {
    expect(report.leaked).toBe(0);
  });

  test('an error of the device ends the process, with a hint', async () => {
    const { exitCode, stdout, stderr } = await runChild(driver!, 'webgpu-child', ['too-large']);
    expect(stderr).toMatch(/Error: the GPU reports: .*train\.batch/s);
    expect(exitCode).toBe(1);
    expect(stdout).not.toContain('went on');
  });
});

// Elsewhere the driver is found without Vulkan's variable.
test.runIf(process.platform === 'linux')(
  'without a driver there is no adapter, and no error',
  async () => {
    expect(await runOnWebgpu(NO_DRIVER, 'few')).toBeNull();
  },
);
