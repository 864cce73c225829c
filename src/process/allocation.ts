/**
 * Cores and memory that a batch system has allocated to this process's job, for systems without
 * control groups.
 */
import type { Allowance } from './cgroup.js';

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
