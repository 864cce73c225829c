/** Cores and memory of this machine, within the limits of a container's or a job's control group. */
import { availableParallelism, totalmem } from 'node:os';
import { readIfThere } from '../sys/proc.js';
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

type Environment = Readonly<Record<string, string | undefined>>;

/** Slurm (of the task, else of the job on this node), Grid Engine, LSF, PBS. */
const CORES = ['SLURM_CPUS_PER_TASK', 'SLURM_CPUS_ON_NODE', 'NSLOTS', 'LSB_DJOB_NUMPROC', 'NCPUS'];

/** Infinity if the job does not state it, and outside a job. */
export function allocation(env: Environment): Allowance {
  const cores = count(CORES.map((name) => env[name]).find(Boolean));
  const ofCores = Number.isFinite(cores) ? count(env.SLURM_MEM_PER_CPU) * cores : Infinity;
  return { cores, memory: Math.min(count(env.SLURM_MEM_PER_NODE), ofCores) * 2 ** 20 };
}

/** 0 means everything the machine has. */
function count(text: string | undefined): number {
  return text !== undefined && /^[1-9]\d*$/.test(text) ? Number(text) : Infinity;
}
