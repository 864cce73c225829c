/**
 * The current jobs of items, for commands that do not follow them: from their files, and from the
 * schedulers' lists.
 */
import { Homes } from '../decide/lock-home.js';
import type { Project } from '../decide/project.js';
import { lockHolder } from '../process/file-lock.js';
import { fileNameOf } from '../process/file-names.js';
import { namesIn } from '../sys/if-there.js';
import { EventTail, type Job, JobFiles, jobsFolder } from './job-file.js';
import { isRunning } from './job-news.js';
import { Queue } from './job-queue.js';
import { type Jobs, type Scheduler, Unanswered } from './scheduler.js';
import { schedulerOf } from './schedulers.js';
import { readSite } from './site.js';
import { jobLock } from './submissions.js';

/** A job that is waiting or running. */
export interface StandingJob {
  /** `unknown` if its scheduler does not answer. */
  readonly phase: 'pending' | 'running' | 'unknown';
  readonly executor: string;
  /** Its name in the scheduler's list. */
  readonly name: string;
  readonly id?: string;
  /** Why it waits, or the scheduler's error message. */
  readonly reason?: string;
  /** The machine. */
  readonly where?: string;
  /** The last completed epoch, and the one to reach. */
  readonly epoch?: number;
  readonly target?: number;
  /** `running on n2, epoch 5/14, Slurm job 4711`. */
  readonly text: string;
}

/** The last job of an item, if it has not written its end. */
interface Open extends Pick<Job, 'item' | 'name' | 'executor'> {
  readonly events: string;
}

/**
 * The unfinished jobs by item. Queries each scheduler once, and only if it has unfinished jobs.
 *
 * @throws UserError for mistakes in pipe.local.yaml, and for a job of an executor that it no longer
 * names
 */
export async function standingJobs(
  project: Pick<Project, 'root' | 'env'>,
  items: readonly string[],
): Promise<ReadonlyMap<string, StandingJob>> {
  const found = new Map<string, StandingJob>();
  const open = openJobs(project.root, items);
  if (open.length === 0) return found;
  const site = readSite(project);
  for (const executor of new Set(open.map((each) => each.executor))) {
    const scheduler = schedulerOf(project, executor, site);
    const answer = await answerOf(scheduler);
    for (const each of open) {
      const job = each.executor === executor && standing(each, scheduler.title, answer);
      if (job) found.set(each.item, job);
    }
  }
  return found;
}

/** An unfinished job whose output a command follows. */
export interface FollowedJob {
  readonly text: string;
  /** False if the job is over and no run will submit it again. Call repeatedly. */
  continues(): boolean;
}

/** Undefined if there is no unfinished job. */
export async function followJob(
  project: Pick<Project, 'root' | 'env'>,
  item: string,
): Promise<FollowedJob | undefined> {
  const found = (await standingJobs(project, [item])).get(item);
  if (found === undefined) return undefined;
  const files = new JobFiles(project.root, item);
  const queue = new Queue(schedulerOf(project, found.executor, readSite(project)));
  let { name } = found;
  // The answer to a query already sent may not include the job yet.
  let known = queue.answers + 2;
  const isAlive = () => {
    void queue.next();
    const open = files.open();
    if (open === undefined) return false;
    if (open.name !== name) [name, known] = [open.name, queue.answers + 2];
    const state = queue.stateOf(name);
    return state === undefined ? queue.answers < known : state.phase !== 'ended';
  };
  const isInRun = () => lockHolder(new Homes(project.root).folder, jobLock(item)) !== undefined;
  return { text: found.text, continues: () => isAlive() || isInRun() };
}

function openJobs(root: string, items: readonly string[]): Open[] {
  const folders = new Set(namesIn(jobsFolder(root)));
  return items.flatMap((item) => {
    if (!folders.has(fileNameOf(item))) return [];
    const files = new JobFiles(root, item);
    const job = files.open();
    if (job === undefined) return [];
    const { name, executor, nonce } = job;
    return [{ item, name, executor, events: files.events(nonce) }];
  });
}

async function answerOf(scheduler: Scheduler): Promise<Jobs | Unanswered> {
  try {
    return await scheduler.look();
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    return error;
  }
}

/** Undefined if the job is over, or the scheduler does not know it. */
function standing(
  { name, executor, events }: Open,
  title: string,
  answer: Jobs | Unanswered,
): StandingJob | undefined {
  if (answer instanceof Unanswered) {
    const text = `submitted to ${title} as ${name}, which does not answer: ${answer.message}`;
    return { phase: 'unknown', executor, name, reason: answer.message, text };
  }
  const state = answer.get(name);
  if (state === undefined || state.phase === 'ended') return undefined;
  const { id, phase, word, reason } = state;
  const job = `${title} job ${id}`;
  if (phase === 'pending') {
    const why = reason ?? word;
    return { phase, executor, name, id, reason: why, text: `pending (${why}), ${job}` };
  }
  const place = state.where === undefined ? {} : { where: state.where };
  const shown = { ...place, ...progressOf(events) };
  const { where, epoch, target } = shown;
  const words = [
    `${isRunning(word) ? 'running' : word}${where === undefined ? '' : ` on ${where}`}`,
    ...(target === undefined ? [] : [`epoch ${epoch}/${target}`]),
    job,
  ];
  return { phase, executor, name, id, ...shown, text: words.join(', ') };
}

/** According to the job's events. */
function progressOf(file: string): Pick<StandingJob, 'where' | 'epoch' | 'target'> {
  let known: Pick<StandingJob, 'where' | 'epoch' | 'target'> = {};
  for (const event of new EventTail(file).next()) {
    if (event.type === 'start') {
      if (event.where !== undefined) known = { ...known, where: event.where };
      if (event.epochs !== undefined)
        known = { ...known, epoch: event.epochs.completed, target: event.epochs.target };
    } else if (event.type === 'epoch')
      known = { ...known, epoch: event.epoch, target: event.target };
  }
  return known;
}
