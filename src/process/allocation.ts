/** Cores and memory that a batch system has given to the job of this process, where no control group enforces them. */
import type { Allowance } from './cgroup.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Slurm (of the task, else of the job on this node), Grid Engine, LSF, PBS. */
const CORES = ['SLURM_CPUS_PER_TASK', 'SLURM_CPUS_ON_NODE', 'NSLOTS', 'LSB_DJOB_NUMPROC', 'NCPUS'];

/** Infinity where the job says nothing, and outside of a job. */
export function allocation(env: Environment): Allowance {
  const cores = count(CORES.map((name) => env[name]).find(Boolean));
  const ofCores = Number.isFinite(cores) ? count(env.SLURM_MEM_PER_CPU) * cores : Infinity;
  return { cores, memory: Math.min(count(env.SLURM_MEM_PER_NODE), ofCores) * 2 ** 20 };
}

/** 0 means all that there is. */
function count(text: string | undefined): number {
  return text !== undefined && /^[1-9]\d*$/.test(text) ? Number(text) : Infinity;
}
