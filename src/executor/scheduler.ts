/**
 * Interface of a batch system: submit, look, cancel. Slurm and the commands of `pipe.local.yaml`
 * implement it.
 */
import type { Resources } from '../pipeline/plan.js';

/** The resources and options that an item requests for its job. */
export interface Request extends Resources {
  /** Seconds. */
  readonly time: number | undefined;
  /** The stage's options for the scheduler. */
  readonly flags: string | undefined;
}

/** Jobs with the same request, submitted together. */
export interface Submission {
  /** `pipe-<nonce>`: identifies a submission whose answer was lost. */
  readonly name: string;
  readonly count: number;
  readonly request: Request;
  /** The numbers of the jobs that must succeed first; if one fails, this job never starts. */
  readonly after: readonly string[];
  /** Absolute path of the job script, which reads its array index from the environment. */
  readonly script: string;
  /** Absolute path of the file for the script's own output, by number. */
  readonly outputs: readonly string[];
  readonly outputPattern: string;
  /** The folder in which the jobs start. */
  readonly folder: string;
  /** True if no run follows the jobs: the scheduler itself starts them again. */
  readonly detached?: boolean;
}

export interface JobState {
  /** The job number that users see. */
  readonly id: string;
  readonly phase: 'pending' | 'running' | 'ended';
  /** The scheduler's word for the state, such as TIMEOUT. */
  readonly word: string;
  /** Why it waits, in the scheduler's words. */
  readonly reason?: string;
  /** True if it waits for something that will never happen. */
  readonly never?: boolean;
  /** The machine; for an ended job, only if the scheduler still reports it. */
  readonly where?: string;
  /** For an ended job: what ended it. */
  readonly cause?: Cause;
  /** For a cancelled job: true if the scheduler had begun to start it. */
  readonly isPlaced?: boolean;
}

export type Cause =
  /** The job ended by itself. */
  | 'finished'
  /** It reached its time limit. */
  | 'time'
  | 'preempted'
  /** The machine failed. */
  | 'node'
  | 'memory'
  /** A user or an administrator cancelled it. */
  | 'cancelled';

/** Jobs by name; a job of an array by `<name>_<number>`. */
export type Jobs = ReadonlyMap<string, JobState>;

export interface Scheduler {
  /** The name for messages. */
  readonly title: string;
  /** How many jobs it may have at the same time. */
  readonly most: number;
  /** True if jobs with the same request can be submitted together. */
  readonly arrays: boolean;
  /** True if a job can wait for others. */
  readonly ordered: boolean;
  /**
   * Resolves with the job number when the scheduler has accepted the jobs.
   *
   * @throws Unanswered when it is unknown whether it has
   * @throws Refused when it refuses them, or they cannot be submitted
   */
  submit(submission: Submission): Promise<string>;
  /**
   * The jobs that the scheduler still knows.
   *
   * @throws Unanswered
   */
  look(): Promise<Jobs>;
  /** @throws Unanswered */
  cancel(ids: readonly string[]): Promise<void>;
  /**
   * Ends the running job that calls this, and starts it again later under the same number, so that
   * jobs that depend on it keep waiting. A `detached` job may call it after SIGURG, which the
   * scheduler sends shortly before the time limit.
   *
   * @throws Unanswered
   */
  requeue?(): Promise<void>;
  /**
   * True if the calling job's time limit is so close that SIGURG may have come before the job
   * listened for it.
   *
   * @throws Unanswered
   */
  isTimeNear?(): Promise<boolean>;
}

/** The scheduler did not answer: nothing is known. */
export class Unanswered extends Error {}

interface Refusal {
  /** True if the scheduler would accept fewer jobs at a time. */
  readonly isTooMany?: boolean;
  /** What happened instead of a refusal by the scheduler. */
  readonly what?: string;
}

/** A job was refused, with this message. */
export class Refused extends Error {
  readonly isTooMany: boolean;
  readonly what: string | undefined;

  constructor(message: string, { isTooMany = false, what }: Refusal = {}) {
    super(message);
    this.isTooMany = isTooMany;
    this.what = what;
  }
}
