/** What this machine has for us: all of it, or what the control group of a container or a job allows. */
import { availableParallelism, totalmem } from 'node:os';
import { readIfThere } from '../sys/proc.js';
import { type Allowance, allowance } from './cgroup.js';

export interface Machine {
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  /** What it has without the limits of control groups. */
  readonly whole: { readonly cores: number; readonly memory: number };
}

/**
 * Node's own figures are not enough: `os.availableParallelism()` of Node 20 knows the CPUs that the
 * process may run on and not the time that it may have of them, and `process.constrainedMemory()`
 * looks at the innermost group alone, while batch systems set the limit further up.
 */
export function thisMachine(): Machine {
  const whole = { cores: availableParallelism(), memory: totalmem() };
  // No Linux, no such controller, or hidden from us: a limit that nobody tells is none.
  return within(
    whole,
    allowance((file) => readIfThere(file, 'utf8')),
  );
}

/** Half a core more is none: two items on one and a half would be slower than one after the other. */
export function within(whole: Machine['whole'], allowed: Allowance): Machine {
  return {
    cores: Math.max(1, Math.min(whole.cores, Math.floor(allowed.cores))),
    memory: Math.min(whole.memory, allowed.memory),
    whole,
  };
}

/** Memory, in the unit that `memory: 4G` is in. */
export function gibibytes(bytes: number): string {
  return `${Number((bytes / 2 ** 30).toFixed(1))} GiB`;
}
