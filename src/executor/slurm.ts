/** Slurm: calls of its programs, squeue lines → states. */

import { allFlags, NOTICE_SECONDS, sbatchArguments, unusableOption } from './sbatch-options.js';
import {
  type Cause,
  type JobState,
  type Jobs,
  Refused,
  type Scheduler,
  Unanswered,
} from './scheduler.js';
import { NOT_STARTED, runProgram } from './scheduler-programs.js';
import { submissionOf } from './submissions.js';

interface SlurmSite {
  /** sbatch options for every job. */
  readonly flags: readonly string[];
  readonly jobs: number;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

export function slurm(site: SlurmSite): Scheduler {
  const env = environmentFor(site.env);
  const call = (argv: readonly string[], mark?: string) =>
    runProgram(argv, { cwd: site.cwd, env, mark });
  /** By submission. */
  const requeued = new Map<string, boolean>();
  const wasRequeued = async (id: string) => {
    const before = requeued.get(id);
    if (before !== undefined) return before;
    const { code, out, err } = await call(['scontrol', '--oneliner', 'show', 'job', id]);
    if (code !== 0) throw new Unanswered(wordsOf(err || out));
    const found = /\bRestarts=[1-9]/.test(out);
    requeued.set(id, found);
    return found;
  };
  return {
    title: 'Slurm',
    most: site.jobs,
    arrays: true,
    ordered: true,
    async submit(submission) {
      const unusable = unusableOption(allFlags(submission, site));
      if (unusable !== undefined) throw new Refused(unusable, { what: 'pipe refuses the job' });
      const { code, out, err } = await call(sbatchArguments(submission, site), submission.name);
      const id = numberIn(out);
      if (code === 0 && id !== undefined) return id;
      const said = wordsOf(err || out);
      if (code === 0 || isSilence(said)) throw new Unanswered(said);
      const what = code === NOT_STARTED ? '`sbatch` cannot be started' : undefined;
      throw new Refused(said, { isTooMany: TOO_MANY.test(said), ...(what && { what }) });
    },
    async look() {
      const { code, out, err } = await call(['squeue', '-h', '-r', '--me', ...LISTING]);
      if (code !== 0) throw new Unanswered(wordsOf(err || out));
      return withoutUnplaced(parseQueue(out), wasRequeued);
    },
    async cancel(ids) {
      const { code, err } = await call(['scancel', ...ids]);
      // A job that has ended meanwhile is not an error.
      if (code !== 0 && !/invalid job id|already complet/i.test(err))
        throw new Unanswered(wordsOf(err));
    },
    async requeue() {
      const { code, err } = await call(['scontrol', 'requeue', ownNumber(site.env)]);
      if (code !== 0) throw new Unanswered(wordsOf(err));
    },
    async isTimeNear() {
      const { code, out, err } = await call([
        'squeue',
        '-h',
        '-j',
        ownNumber(site.env),
        '-o',
        '%L',
      ]);
      if (code !== 0) throw new Unanswered(wordsOf(err || out));
      return secondsIn(out) <= NOTICE_SECONDS + EARLY_SECONDS;
    },
  };
}

/** The name comes last, because the user's own jobs may have any name. */
const LISTING = ['-t', 'all', '-o', '%i|%T|%r|%N|%j'];

/** Slurm measures time in steps, so the signal may arrive this much earlier. */
const EARLY_SECONDS = 30;

/** A limit for the size of an array, or for the jobs that a user or a group may have in the queue. */
const TOO_MANY = /invalid job array|MaxArraySize|(?:Max|Grp)Submit/i;

/** A line `4711` or `4711;cluster`; sites may print other text around it. */
export function numberIn(out: string): string | undefined {
  return [...out.matchAll(/^(\d+)(?:;.*)?\r?$/gm)].at(-1)?.[1];
}

/** Slurm variables that are not about a job. */
const OF_THE_SITE = /^SLURM_(?:CONF|CLUSTERS|JWT|SACK_\w+|TIME_FORMAT|BITSTR_LEN|DEBUG_FLAGS)$/;

/** The devices of the job in which this run executes. */
const DEVICES = new Set([
  'CUDA_VISIBLE_DEVICES',
  'GPU_DEVICE_ORDINAL',
  'ROCR_VISIBLE_DEVICES',
  'ZE_AFFINITY_MASK',
]);

/** The user's defaults that hide jobs, prevent their cancellation, or multiply or delay a submission. */
const DEFAULTS = /^(?:SQUEUE_|SCANCEL_|SBATCH_(?:ARRAY_INX|WAIT)$)/;

/**
 * Environment for Slurm's programs, and so for the jobs. Inside a job it also omits the variables of
 * that job, which the new jobs would mistake for their own.
 */
export function environmentFor(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isInJob = Boolean(env.SLURM_JOB_ID);
  const isForeign = (name: string) =>
    DEFAULTS.test(name) ||
    (isInJob && (DEVICES.has(name) || (/^SLURMD?_/.test(name) && !OF_THE_SITE.test(name))));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isForeign(name)));
}

/** Slurm gives the last job of an array the number of the whole array. */
function ownNumber(env: NodeJS.ProcessEnv): string {
  const { SLURM_ARRAY_JOB_ID: array, SLURM_ARRAY_TASK_ID: task, SLURM_JOB_ID: job = '' } = env;
  return array === undefined || task === undefined ? job : `${array}_${task}`;
}

/** `1-02:03:04`, `2:03:04` or `3:04`; infinite for a word such as UNLIMITED. */
export function secondsIn(text: string): number {
  const found = /^(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+)$/.exec(text.trim());
  if (found === null) return Number.POSITIVE_INFINITY;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = found
    .slice(1)
    .map((each) => Number(each ?? 0));
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}

const CAUSES: Readonly<Record<string, Cause>> = {
  COMPLETED: 'finished',
  FAILED: 'finished',
  TIMEOUT: 'time',
  DEADLINE: 'time',
  PREEMPTED: 'preempted',
  NODE_FAIL: 'node',
  BOOT_FAIL: 'node',
  OUT_OF_MEMORY: 'memory',
  CANCELLED: 'cancelled',
};

const PENDING = new Set([
  ...['PENDING', 'CONFIGURING', 'REQUEUED', 'REQUEUE_HOLD', 'REQUEUE_FED'],
  // An operator released it from the node, or its reservation is gone: it is held.
  ...['SPECIAL_EXIT', 'RESV_DEL_HOLD'],
]);

/** Reasons that do not go away when other jobs end. */
const NEVER =
  /^(?:PartitionTimeLimit|PartitionNodeLimit|BadConstraints|DependencyNeverSatisfied|Invalid(?:Account|QOS)|(?:Account|QOS)NotAllowed|(?:QOS|Assoc|Association)?Max(?:WallDuration|(?:Cpu|CPU|GRES|Node|Mem|TRES)\w*)PerJob\w*|QOSMinGRES|AssocMaxJobsLimit0|DeadLine)$/;

/** Lines of `squeue`: number, state, reason, nodes, name. */
export function parseQueue(text: string): Jobs {
  const jobs = new Map<string, JobState>();
  for (const line of text.split('\n')) {
    const [, id, word, reason = '', where = '', name] =
      /^([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|(.*)$/.exec(line.trim()) ?? [];
    if (id === undefined || word === undefined || !name?.startsWith('pipe-')) continue;
    const number = /_(\d+)$/.exec(id)?.[1];
    jobs.set(number === undefined ? name : `${name}_${number}`, stateOf(id, word, reason, where));
  }
  return jobs;
}

/**
 * Slurm reports no node for a job that a user cancelled before Slurm looked for one, nor for a job
 * that a node did not start in time. It has requeued the latter.
 */
async function withoutUnplaced(
  jobs: Jobs,
  wasRequeued: (submission: string) => Promise<boolean>,
): Promise<Jobs> {
  const checked = new Map(jobs);
  for (const [name, state] of jobs)
    if (state.isPlaced && !state.where && !(await wasRequeued(submissionOf(state.id))))
      checked.set(name, { ...state, isPlaced: false });
  return checked;
}

function stateOf(id: string, word: string, reason: string, where: string): JobState {
  if (PENDING.has(word)) {
    const never = NEVER.test(reason);
    return {
      id,
      phase: 'pending',
      word,
      ...(reason !== '' && { reason }),
      ...(never && { never }),
    };
  }
  const placed = where !== '' && { where };
  const cause = CAUSES[word];
  if (cause !== undefined) {
    // A job that was ended before it got a node, because of what it requests.
    const never = where === '' && NEVER.test(reason);
    // A job that still waits has the reason why it waits, as soon as Slurm has looked for a node.
    const isPlaced = cause === 'cancelled' && reason === 'None';
    return {
      ...{ id, phase: 'ended', word, cause },
      ...(isPlaced && { isPlaced }),
      ...(never ? { never, reason } : placed),
    };
  }
  return { id, phase: 'running', word, ...placed };
}

/** The message is not from the controller. */
function isSilence(said: string): boolean {
  return /unable to contact|socket timed out|connection (?:refused|timed out|reset)|zero bytes were transmitted|temporarily una|transport endpoint|communication connection failure|slurm backup controller|try again|too many (?:pending|open)|protocol authentication|not running|did not answer/i.test(
    said,
  );
}

/** Removes the program's name from the start of each line. */
function wordsOf(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/^(?:sbatch|squeue|scancel|slurm_\w+)?:? ?(?:error|fatal): /, ''))
    .filter((line) => line.trim() !== '');
  return [...new Set(lines)].slice(-3).join('; ') || 'no answer';
}
