/** The batch job that a process belongs to, and its state according to the scheduler. */
import { execFile } from 'node:child_process';

export interface BatchJob {
  readonly system: string;
  readonly id: string;
  readonly cluster?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLES = {
  SLURM_JOB_ID: 'Slurm',
  PBS_JOBID: 'PBS',
  LSB_JOBID: 'LSF',
  FLUX_JOB_ID: 'Flux',
  OAR_JOB_ID: 'OAR',
  JOB_ID: 'Grid Engine',
} as const;

/** Undefined outside a job. */
export function jobIn(env: Environment): BatchJob | undefined {
  for (const [variable, system] of Object.entries(VARIABLES)) {
    const id = env[variable];
    const cluster = system === 'Slurm' ? env.SLURM_CLUSTER_NAME : undefined;
    if (id) return { system, id, ...(cluster && { cluster }) };
  }
  return undefined;
}

/** `stopped`: suspended, so that it cannot show that it is alive. */
type JobWord = 'ended' | 'stopped';

/** Interval between two queries about a job. */
const PAUSE_MS = 2000;

/** Slurm's answers about other jobs. Never waits: a later call returns the answer. */
export class JobWords {
  readonly #env: Environment;
  readonly #known = new Map<string, { at: number; word: JobWord | undefined }>();

  constructor(env: Environment) {
    this.#env = env;
  }

  /** Undefined if it runs, or if nothing is known. */
  of({ system, id, cluster }: BatchJob): JobWord | undefined {
    const own = this.#env.SLURM_CLUSTER_NAME;
    if (system !== 'Slurm' || (own && cluster && own !== cluster)) return undefined;
    const known = this.#known.get(id);
    const now = performance.now();
    if (known === undefined || now - known.at > PAUSE_MS) {
      this.#known.set(id, { at: now, word: known?.word });
      void askSlurm(id, this.#env).then((word) => this.#known.set(id, { at: now, word }));
    }
    return known?.word;
  }
}

/** Also undefined if Slurm does not answer or is not installed. */
export function askSlurm(id: string, env: Environment): Promise<JobWord | undefined> {
  const words = ['-h', '-t', 'all', '-o', '%T', '-j', id];
  return new Promise((resolve) => {
    execFile('squeue', words, { env: env as NodeJS.ProcessEnv }, (error, out, err) => {
      if (error !== null) return resolve(/invalid job id/i.test(err) ? 'ended' : undefined);
      const states = out.split('\n').filter((line) => line !== '');
      if (states.some((state) => /^(?:SUSPENDED|STOPPED)$/.test(state))) return resolve('stopped');
      // A job that waits again after preemption has no process.
      const isOver = (state: string) =>
        !/^(?:RUNNING|COMPLETING|CONFIGURING|SIGNALING)/.test(state);
      resolve(states.every(isOver) ? 'ended' : undefined);
    });
  });
}
