/** A job on a node: executes one item, as a run would, and writes its events and its end for the head. */

import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { handleOf } from '../decide/build-context.js';
import { workOn } from '../decide/inspection.js';
import type { Interruption } from '../decide/options.js';
import { type Host, openProject, type Project } from '../decide/project.js';
import { userError } from '../error.js';
import type { Emit, ItemDone, RunEvent } from '../event.js';
import { runItem } from '../execute/run-item.js';
import { nonceFence } from '../executor/fence.js';
import { type Job, JobFiles, readJob } from '../executor/job-file.js';
import { withRemote } from './with-remote-if-named.js';

/**
 * Executes the item of a job file, if it is still the job that counts.
 *
 * @throws UserError when the file is not a job file
 */
export async function runJob(
  file: string,
  host: Host,
  interruption: Interruption,
): Promise<ItemDone['verdict']> {
  const job = readJob(file);
  if (job === undefined)
    throw userError(
      'not-a-job',
      `${file} is not a job file`,
      'pipe itself starts jobs: use `pipe run`',
    );
  const handle = openEvents(file);
  const emit = emitTo(handle, host.env.SLURMD_NODENAME || hostname());
  try {
    const warn = (message: string) => emit({ type: 'warning', item: job.item, message });
    const project = await openProject(host, job.variant, warn);
    return await runItemOf(job, project, interruption, emit);
  } finally {
    closeSync(handle);
  }
}

/** Through the descriptor: the head may have removed the folder of a job that does not count any more. */
function openEvents(file: string): number {
  const folder = path.dirname(file);
  mkdirSync(folder, { recursive: true });
  return openSync(path.join(folder, 'events.jsonl'), 'a');
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
  interruption: Interruption,
  emit: Emit,
): Promise<ItemDone['verdict']> {
  const index = project.plan.items.findIndex(({ id }) => id === job.item);
  const files = new JobFiles(project.root, job.item);
  const fence = nonceFence(files, job.nonce);
  try {
    if (!fence.isHeld()) return 'cancelled';
    if (index < 0)
      throw userError('unknown-target', `${job.item} is not in pipeline.yaml any more`);
    const { force, again, remote } = job;
    const options = {
      ...{ targets: [job.item], only: true, dry: false, frozen: false as const },
      ...{ keepGoing: false, force, again, interruption },
      ...(remote === undefined ? {} : { remote }),
    };
    const build = await workOn(project, [index], options, emit);
    let verdict: ItemDone['verdict'] = 'cancelled';
    await withRemote(build, [index], async (withCache) => {
      const ended = await runItem(handleOf(withCache, index), fence);
      if (fence.isHeld()) files.writeEnd(job.nonce, build.conceal.value(ended));
      verdict = ended.done.verdict;
    });
    return verdict;
  } finally {
    fence.close();
    project.cache.close();
  }
}
