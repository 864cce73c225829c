/** Cores and memory of the machine, within what the control group allows. */
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { describe, expect, it } from 'vitest';
import { allowance } from '../../src/process/cgroup.js';
import { allocation, thisMachine, within } from '../../src/process/machine.js';
import { HAS_PROC } from '../../src/sys/proc.js';

const GB = 2 ** 30;
const WHOLE = { cores: 64, memory: 256 * GB };

describe('the machine', () => {
  it('is the whole machine without a limit, or with one above its size', () => {
    const all = { ...WHOLE, whole: WHOLE };
    expect(within(WHOLE, { cores: Infinity, memory: Infinity })).toEqual(all);
    expect(within(WHOLE, { cores: 65.5, memory: 2 ** 63 - 4096 })).toEqual(all);
  });

  it('is what the limit allows: whole cores, and at least one', () => {
    expect(within(WHOLE, { cores: 2.5, memory: 8 * GB })).toEqual({
      cores: 2,
      memory: 8 * GB,
      whole: WHOLE,
    });
    expect(within(WHOLE, { cores: 0.25, memory: Infinity }).cores).toBe(1);
  });

  it('is that of this process', () => {
    const whole = { cores: availableParallelism(), memory: totalmem() };
    const machine = thisMachine({});
    expect(machine.whole).toEqual(whole);
    expect(machine.cores).toBeGreaterThanOrEqual(1);
    expect(machine.cores).toBeLessThanOrEqual(whole.cores);
    expect(machine.memory).toBeGreaterThan(0);
    // Node knows only the innermost group; without one it returns 0, or more than there is.
    const innermost = process.constrainedMemory() || Infinity;
    expect(machine.memory).toBeLessThanOrEqual(Math.min(whole.memory, innermost));
  });

  it('is at most what the batch job has', () => {
    const { cores, memory } = thisMachine({ SLURM_CPUS_PER_TASK: '1', SLURM_MEM_PER_NODE: '64' });
    expect([cores, memory]).toEqual([1, 64 * 2 ** 20]);
    expect(allocation({ SLURM_CPUS_ON_NODE: '4', SLURM_MEM_PER_CPU: '100' })).toEqual({
      cores: 4,
      memory: 400 * 2 ** 20,
    });
    expect(allocation({ NSLOTS: '3' })).toEqual({ cores: 3, memory: Infinity });
    expect(allocation({ SLURM_MEM_PER_NODE: '0' }).memory).toBe(Infinity);
  });

  it.runIf(HAS_PROC)('is read from existing files', () => {
    const read: string[] = [];
    allowance((file) => {
      read.push(file);
      return file.startsWith('/proc/') ? readFileSync(file, 'utf8') : undefined;
    });
    expect(read.slice(0, 2)).toEqual(['/proc/self/cgroup', '/proc/self/mountinfo']);
  });
});
