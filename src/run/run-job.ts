/** A job on a node: executes one item, as a run would, and writes its events and its end for the head. */

import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { finish } from '../cache/files/yielding.js';
import { handleOf } from '../decide/build-context.js';
import { decideItem } from '../decide/decide-item.js';
import { buildOf } from '../decide/inspection.js';
import { type Interruption, NO_OPTIONS, type RunOptions } from '../decide/options.js';
import { type Host, openProject, type Project } from '../decide/project.js';
import { userError } from '../error.js';
import type { Emit, ItemDone, RunEvent } from '../event.js';
import { runItem } from '../execute/run-item.js';
import { isResult, type Job, JobFiles, nonceFence, readJob } from '../executor/job-file.js';
import { isTimeNear, requeue, TimeLimit } from '../executor/requeue.js';
import { schedulerOf } from '../executor/schedulers.js';
import { readSite } from '../executor/site.js';
import { soundLock } from '../lockfile/lock-on-disk.js';
import { withLock } from '../lockfile/lock-reasons.js';
import { makeFolder } from '../sys/make-folder.js';
import { withRemote } from './with-remote-if-named.js';

/** What the process of a job provides. */
interface JobProcess {
  readonly host: Host;
  readonly interruption: Interruption;
  readonly onTimeLimit: (listener: () => void) => void;
}

/**
 * Executes the item of a job file, if this is still the item's current job.
 *
 * @throws UserError when the file is not a job file
 */
export async function runJob(file: string, process: JobProcess): Promise<ItemDone['verdict']> {
  const { host } = process;
  const job = readJob(file);
  if (job === undefined)
    throw userError(
      'not-a-job',
      `${file} is not a job file`,
      'use `pipe run`: it starts jobs itself',
    );
  const handle = openEvents(file);
  const emit = emitTo(handle, host.env.SLURMD_NODENAME || hostname());
  try {
    const warn = (message: string) => emit({ type: 'warning', item: job.item, message });
    const project = await openAsSubmitted(job, process, warn);
    return await runItemOf(job, project, process, emit);
  } finally {
    closeSync(handle);
  }
}

/** How often to check for files from the machine that submitted the job. */
const LOOK_MS = 1000;

/**
 * Waits until the inputs are those of the submission, because this machine may see earlier states
 * of them for a while. If they still differ after that, they have changed.
 */
async function openAsSubmitted(
  job: Job,
  { host, interruption }: JobProcess,
  warn: (message: string) => void,
): Promise<Project> {
  const started = performance.now();
  const { file } = job.variant;
  const variant = { ...job.variant, ...(file && { file: path.resolve(host.cwd, file) }) };
  for (;;) {
    const warnings = new Set<string>();
    const project = await openProject(host, variant, (message) => warnings.add(message));
    const { latency } = readSite(project).commonOf(job.executor);
    const isLate = performance.now() - started > latency * 1000 || interruption.stop.aborted;
    const isSame = await isAsSubmitted(job, project, interruption);
    if (job.unshared && !isSame)
      throw userError(
        'other-checkout',
        `${job.item} has a different key in the checkout than in the run that submitted the job`,
        'commit and push everything that the job needs',
      );
    if (isLate || isSame) {
      warnings.forEach(warn);
      return project;
    }
    project.cache.close();
    await delay(LOOK_MS);
  }
}

async function isAsSubmitted(
  job: Job,
  project: Project,
  interruption: Interruption,
): Promise<boolean> {
  const index = project.plan.items.findIndex(({ id }) => id === job.item);
  if (job.key === undefined || index < 0) return job.key === undefined;
  const build = await buildOf(project, [index], optionsOf(job, false, interruption), () => {});
  const decision = await finish(decideItem(handleOf(build, index)), interruption.stop);
  return decision.kind !== 'missing' && decision.key === job.key;
}

/** Through the descriptor: the head may have removed the folder of a superseded job. */
function openEvents(file: string): number {
  const folder = path.dirname(file);
  makeFolder(folder);
  const handle = openSync(path.join(folder, 'events.jsonl'), 'a');
  // An earlier start may have left a line unfinished.
  if (fstatSync(handle).size > 0) writeSync(handle, '\n');
  return handle;
}

function emitTo(handle: number, where: string): Emit {
  return (event: RunEvent) => {
    const shown = event.type === 'start' ? { ...event, where } : event;
    writeSync(handle, `${JSON.stringify(shown)}\n`);
  };
}

async function runItemOf(
  job: Job,
  project: Project,
  process: JobProcess,
  emit: Emit,
): Promise<ItemDone['verdict']> {
  const index = project.plan.items.findIndex(({ id }) => id === job.item);
  const files = new JobFiles(project.root, job.item);
  const isRestart = files.start(job.nonce) !== undefined;
  const fence = nonceFence(files, job.nonce, files.begin(job.nonce));
  const limit = new TimeLimit();
  const { stop, kill } = process.interruption;
  const interruption = { stop: AbortSignal.any([stop, limit.reached]), kill };
  try {
    if (!fence.isHeld()) return 'cancelled';
    if (index < 0)
      throw userError('unknown-target', `${job.item} is not in pipeline.yaml any more`);
    const warn = (message: string) => emit({ type: 'warning', message });
    const scheduler = job.detached
      ? schedulerOf(project, job.executor, readSite(project))
      : undefined;
    if (scheduler !== undefined) {
      process.onTimeLimit(() => limit.near());
      if (await isTimeNear(scheduler, warn)) limit.near();
    }
    const build = withLock(
      await buildOf(project, [index], optionsOf(job, isRestart, interruption), (event) => {
        emit(event);
        if (event.type === 'epoch') limit.completedEpoch();
      }),
      soundLock,
    );
    let verdict: ItemDone['verdict'] = 'cancelled';
    await withRemote(build, [index], async (withCache) => {
      const ended = await runItem(handleOf(withCache, index), fence);
      verdict = ended.done.verdict;
      // The scheduler starts a detached job again. Its signal may have reached only the stage.
      const isOver = isResult(ended) || !(job.detached && interruption.stop.aborted);
      if (isOver && fence.isHeld()) files.writeEnd(job.nonce, build.conceal.value(ended));
      if (isOver || scheduler === undefined || !limit.reached.aborted || !fence.isHeld()) return;
      await requeue(scheduler, stop, warn);
    });
    return verdict;
  } finally {
    fence.close();
    project.cache.close();
  }
}

function optionsOf(job: Job, isRestart: boolean, interruption: Interruption): RunOptions {
  const { item, force, remote } = job;
  return {
    ...{ ...NO_OPTIONS, targets: [item], only: true },
    ...{ force, again: job.again || isRestart, interruption },
    ...(remote === undefined ? {} : { remote }),
  };
}
