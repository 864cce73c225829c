/** Cores and memory of this machine, within the limits of a container's or a job's control group. */
import { availableParallelism, totalmem } from 'node:os';
import { readIfThere } from '../sys/proc.js';
import { allocation } from './allocation.js';
import { type Allowance, allowance } from './cgroup.js';

export interface Machine {
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  /** Ignores the limits of control groups and jobs. */
  readonly whole: { readonly cores: number; readonly memory: number };
}

/**
 * Node's functions are not sufficient: `os.availableParallelism()` of Node 20 counts permitted CPUs
 * but ignores CPU time limits, and `process.constrainedMemory()` reads only the innermost group,
 * while batch systems set the limit further up.
 */
export function thisMachine(env: NodeJS.ProcessEnv): Machine {
  const whole = { cores: availableParallelism(), memory: totalmem() };
  // There is no limit outside Linux, without such a controller, or if it is hidden from this
  // process.
  const group = allowance((file) => readIfThere(file, 'utf8'));
  const job = allocation(env);
  return within(whole, {
    cores: Math.min(group.cores, job.cores),
    memory: Math.min(group.memory, job.memory),
  });
}

/** Rounds cores down: two items on one and a half cores are slower than one after the other. */
export function within(whole: Machine['whole'], allowed: Allowance): Machine {
  return {
    cores: Math.max(1, Math.min(whole.cores, Math.floor(allowed.cores))),
    memory: Math.min(whole.memory, allowed.memory),
    whole,
  };
}

/** Memory, in the unit of `memory: 4G`. */
export function gibibytes(bytes: number): string {
  return `${Number((bytes / 2 ** 30).toFixed(1))} GiB`;
}
