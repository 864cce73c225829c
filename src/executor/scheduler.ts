/** What every batch system offers: submit, look, cancel. Slurm and the generic commands implement it. */

/** One job, as its item asks for it. */
export interface Request {
  readonly cpu: number;
  /** Bytes; 0: not stated. */
  readonly memory: number;
  readonly gpu: number;
  /** Seconds. */
  readonly time: number | undefined;
  /** The stage's own options. */
  readonly flags: string | undefined;
}

/** Jobs of the same shape, submitted together. */
export interface Submission {
  /** `pipe-<nonce>`: by this name a lost submission is found again. */
  readonly name: string;
  readonly count: number;
  readonly request: Request;
  /** The numbers of the jobs that must end well before; if one does not, this one never starts. */
  readonly after: readonly string[];
  /** Absolute path of the job script; it reads its number from an array. */
  readonly script: string;
  /** Absolute path of the file for the script's own output, by number. */
  readonly outputs: readonly string[];
  readonly outputPattern: string;
  /** Where the jobs start. */
  readonly folder: string;
  /** No run follows the jobs: the scheduler itself starts them again. */
  readonly detached?: boolean;
}

export interface JobState {
  /** The number that people know the job by. */
  readonly id: string;
  readonly phase: 'pending' | 'running' | 'ended';
  /** The scheduler's own word, such as TIMEOUT. */
  readonly word: string;
  /** Why it waits, in the scheduler's own word. */
  readonly reason?: string;
  /** It waits for something that will not happen. */
  readonly never?: boolean;
  /** The machine; of an ended job, if the scheduler still says so. */
  readonly where?: string;
  /** Of an ended job: what ended it. */
  readonly cause?: Cause;
}

export type Cause =
  /** It ended by itself. */
  | 'finished'
  /** Its time limit. */
  | 'time'
  | 'preempted'
  /** Its machine failed. */
  | 'node'
  | 'memory'
  /** Somebody cancelled it. */
  | 'cancelled';

/** Jobs by name; a job of an array by `<name>_<number>`. */
export type Jobs = ReadonlyMap<string, JobState>;

export interface Scheduler {
  /** As messages name it. */
  readonly title: string;
  /** How many jobs it may know at once. */
  readonly most: number;
  /** True when jobs of one shape can be submitted together. */
  readonly arrays: boolean;
  /** True when a job can wait for others. */
  readonly ordered: boolean;
  /**
   * Resolves with their number when the scheduler has the jobs.
   *
   * @throws Unanswered when that is unknown
   * @throws Refused when it will not take them
   */
  submit(submission: Submission): Promise<string>;
  /**
   * The jobs that it still knows.
   *
   * @throws Unanswered
   */
  look(): Promise<Jobs>;
  /** @throws Unanswered */
  cancel(ids: readonly string[]): Promise<void>;
  /**
   * Ends the running job that calls it, and starts it again later under the same number, so that jobs
   * behind it go on waiting. A job that is `detached` may call it after SIGURG, which its scheduler sends
   * shortly before the time limit.
   *
   * @throws Unanswered
   */
  requeue?(): Promise<void>;
  /**
   * True when the time limit of the job that calls it is so near that SIGURG may have come before it listened.
   *
   * @throws Unanswered
   */
  isTimeNear?(): Promise<boolean>;
}

/** The scheduler did not answer: nothing is known. */
export class Unanswered extends Error {}

/** The scheduler refused a job, with its own words. */
export class Refused extends Error {
  /** It would take fewer jobs at once. */
  readonly isTooMany: boolean;

  constructor(message: string, isTooMany = false) {
    super(message);
    this.isTooMany = isTooMany;
  }
}
