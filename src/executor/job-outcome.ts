/** How a job ended, and the failure message of its item. */
import type { Failure } from '../event.js';
import type { Item } from '../pipeline/plan.js';
import { lastLines } from '../process/execution-log.js';
import { duration } from '../process/outcome.js';
import { lstatIfThere, unlessAbsent } from '../sys/if-there.js';
import type { JobEnd } from './job-file.js';
import type { Cause, JobState } from './scheduler.js';

/** How a job ended, as the job itself or the scheduler reports it. */
export type Outcome =
  | { readonly how: 'end'; readonly end: JobEnd }
  | Over
  | { readonly how: 'never'; readonly state: JobState }
  | { readonly how: 'stopped'; readonly isOver: boolean };

export interface Over {
  readonly how: 'over';
  readonly cause: Cause | undefined;
  readonly state: JobState | undefined;
  /** Epochs that it has completed. */
  readonly epochs: number;
  /** The failure that the job noted for its item before the scheduler ended it. */
  readonly failure?: Failure | undefined;
}

/** What is known about a job that is over. */
interface Known {
  /** Name of its scheduler. */
  readonly title: string;
  readonly item: Item;
  /** Root of the project. */
  readonly root: string;
  readonly isShared: boolean;
  /** Number of successive jobs, including this one, that completed no epoch. */
  readonly idle: number;
  /** Files that the job writes: pipe's events, and the output of its script. */
  readonly events: string;
  readonly output: string;
  /** The other jobs of its array. */
  readonly array: readonly Seen[];
}

interface Seen {
  readonly state: JobState | undefined;
  readonly output: string;
}

/** Number of successive jobs that the cluster may end before an epoch is done. */
const MOST_IDLE = 5;

/** The reason why the item failed; undefined: submit it again. */
export function failureAfter(outcome: Over, known: Known): string | undefined {
  const { epochs } = outcome;
  const said = `${known.title}: ${wordOf(outcome)}`;
  switch (exactCause(outcome, known)) {
    case 'memory':
      return memoryText(known.item, said);
    case 'cancelled':
      return `its job was cancelled (${said}): completed epochs are kept; run again`;
    case 'time':
      return epochs > 0 ? undefined : timeText(known.item, said);
    case 'finished':
      return epochs > 0 ? undefined : noResultText(outcome, known, said);
    default:
      if (known.idle < MOST_IDLE) return undefined;
      return `${MOST_IDLE} jobs in a row ended without an epoch or a result (${said})`;
  }
}

/**
 * Slurm reports FAILED for a job that it ended for its memory, unless control groups did. It reports
 * CANCELLED for a job that its node could not start, because the prolog failed or the node did not
 * answer, since pipe forbids Slurm to requeue it. If this is the last job of an array, Slurm cancels
 * the whole array.
 */
function exactCause({ cause, state }: Over, known: Known): Cause | undefined {
  const { output, array, isShared } = known;
  if (cause === 'finished' && says(output, /exceeded .*memory limit|oom[-_ ]?kill/i))
    return 'memory';
  if (cause !== 'cancelled' || !isShared) return cause;
  return [{ state, output }, ...array].some(isUnstarted) ? 'node' : cause;
}

function says(output: string, pattern: RegExp): boolean {
  return outputIn(output).some((line) => pattern.test(line));
}

/** Slurm creates the file before it starts the script. */
function isUnstarted({ state, output }: Seen): boolean {
  if (!state?.isPlaced) return false;
  return lstatIfThere(output) === undefined || says(output, /^Error running slurm prolog/i);
}

function memoryText({ resources: { memory } }: Item, said: string): string {
  const hint =
    memory > 0
      ? `raise resources.memory (${Math.ceil(memory / 2 ** 20)}M)`
      : 'set resources.memory';
  return `out of memory (${said}): ${hint}`;
}

function timeText({ time, epochs }: Item, said: string): string {
  const what = epochs === undefined ? 'it takes' : 'one epoch takes';
  const [limit, hint] =
    time === undefined
      ? ['the time limit of its jobs', 'set resources.time']
      : [`resources.time (${duration(time)})`, 'raise it'];
  return `${what} longer than ${limit}: ${hint} (${said})`;
}

function noResultText({ state }: Over, known: Known, said: string): string {
  const { root, isShared, events, output } = known;
  if (!isShared) {
    const place = state?.where === undefined ? '' : ` on ${state.where}`;
    const see = output === '' ? '' : ` Its output is in ${output}${place}.`;
    return `its job left no result for the current key in the remote cache (${said}).${see} Does \`checkout\` bring the files that this run sees?`;
  }
  const wrote = [events, output].some((file) => lstatIfThere(file) !== undefined);
  if (wrote) return `its job ended without a result (${said})`;
  return `its job ended before it wrote a file (${said}): does ${state?.where ?? 'its node'} see ${root}? Move the project to a file system that the nodes share`;
}

/** The last lines of the job's own output, if any. The item's process has a separate log. */
export function outputIn(file: string): readonly string[] {
  return unlessAbsent(() => lastLines(file)) ?? [];
}

export function wordOf({ state }: Over): string {
  return state?.word ?? 'it no longer knows the job';
}
