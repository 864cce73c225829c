/** A run from beginning to end: select, check, schedule, and one verdict for each item. */
import { finish as finishSliced, isStopOf } from '../cache/files/pace.js';
import { inspection, workOn } from '../decide/inspection.js';
import { refuseMissing } from '../decide/missing.js';
import type { RunOptions, RunResult } from '../decide/options.js';
import type { Project } from '../decide/project.js';
import { sweep } from '../decide/sweep.js';
import { finish, itemAt, type Work } from '../decide/work.js';
import { UserError } from '../error.js';
import type { Emit, Forecast, ItemDone, RunDone } from '../event.js';
import { VERDICTS } from '../event.js';
import { isLocked, isLockNoted } from '../lockfile/note.js';
import { chainManifest, keyOf } from '../manifest.js';
import { select, withNeeds } from '../pipeline/select.js';
import { systemMessage } from '../system-message.js';
import { foretell } from './foretell.js';
import { statedLimit } from './limit.js';

/**
 * Runs what is stale among the targets and what they need.
 *
 * @throws UserError before anything changes: unknown targets, missing inputs, unreadable code
 */
export async function run(project: Project, options: RunOptions, emit: Emit): Promise<RunResult> {
  const started = performance.now();
  statedLimit(project);
  const work = await prepare(project, options, emit);
  const errors: string[] = [];
  let differences: number;
  try {
    emit({
      type: 'run',
      items: work.selected.map((index) => itemAt(work, index).id),
      dry: isDry(options),
    });
    differences = await unlessStopped(work, carryOut);
    if (!isDry(options)) errors.push(...(await wrapUp(work)));
  } finally {
    errors.push(...(await refusals(work, { 'the cache': () => project.cache.close() })));
  }
  const items = work.selected.map((index) => work.done.get(index) as ItemDone);
  const summary = summarize(items, (performance.now() - started) / 1000, isDry(options));
  // The last event of a run: errors from closing the cache come before it.
  emit(summary);
  return { summary, items, differences, errors };
}

/** Cancels the items that are undecided at an interruption. */
async function unlessStopped(work: Work, act: (work: Work) => Promise<number>): Promise<number> {
  try {
    return await act(work);
  } catch (error) {
    if (!isStopOf(work.options.interruption.stop, error)) throw error;
    for (const index of work.selected) {
      if (work.done.has(index)) continue;
      const item = itemAt(work, index).id;
      finish(work, index, { type: 'item', item, verdict: 'cancelled', reason: 'interrupted' });
    }
    return 0;
  }
}

async function carryOut(work: Work): Promise<number> {
  const { dry, frozen } = work.options;
  if (frozen !== false) {
    const { inspectFrozen } = await import('./frozen.js');
    return inspectFrozen(work);
  }
  if (dry) await foretell(work);
  else await sweepAndSchedule(work);
  return 0;
}

async function sweepAndSchedule(work: Work): Promise<void> {
  const { stop } = work.options.interruption;
  const { pending, missing } = await finishSliced(sweep(work), stop);
  await refuseMissing(work, missing);
  if (pending.length > 0 || !isLockNoted(work)) await refuseBrokenLock(work);
  if (pending.length > 0) {
    const { refuseLinkedOuts } = await import('./linked-outs.js');
    await refuseLinkedOuts(work, pending);
    // Protects fresh results until the run ends; a concurrent gc does not know that they are needed.
    work.project.cache.pin({ keys: [...work.settled.values()].map(({ key }) => key) });
    const { schedule } = await import('../execute/schedule.js');
    await schedule(work, pending);
  }
}

/** The items are done: errors in what is written now are reported, and the run ends with its summary. */
function wrapUp(work: Work): Promise<string[]> {
  return refusals(work, {
    'pipeline.lock': () => bringLockUpToDate(work),
    'the cache': () => careForCache(work),
  });
}

/** Takes all steps; returns the system and user errors among their failures. */
async function refusals(
  work: Work,
  steps: Readonly<Record<string, () => Promise<void> | void>>,
): Promise<string[]> {
  const errors: string[] = [];
  for (const [what, step] of Object.entries(steps)) {
    try {
      await step();
    } catch (error) {
      const refusal = error instanceof UserError ? error.message : systemMessage(error);
      if (refusal === undefined) throw error;
      const message = `${what} cannot be brought up to date: ${refusal}`;
      errors.push(message);
      work.emit({ type: 'error', message });
    }
  }
  return errors;
}

async function bringLockUpToDate(work: Work): Promise<void> {
  if (!isLocked(work.project.variant) || isLockNoted(work)) return;
  const { updateLock } = await import('../lockfile/update.js');
  await updateLock(work);
}

/** Reports a pipeline.lock that cannot be updated afterwards, before anything runs. */
async function refuseBrokenLock({ project }: Work): Promise<void> {
  if (!isLocked(project.variant)) return;
  const { readLockFile } = await import('../lockfile/disk.js');
  readLockFile(project.root);
}

/** Neither executes nor writes anything. */
function isDry({ dry, frozen }: RunOptions): boolean {
  return dry || frozen !== false;
}

async function prepare(project: Project, options: RunOptions, emit: Emit): Promise<Work> {
  const { plan, cache } = project;
  const targets = select(plan, options.targets);
  const selected = options.only ? targets : withNeeds(plan, targets);
  if (!isDry(options)) cache.sweepTmp();
  const work = await workOn(project, selected, options, emit);
  if (options.only && !isDry(options)) {
    const { readyInputs } = await import('./only.js');
    await readyInputs(work, await inspection(project, options.targets, options.interruption));
  }
  return work;
}

function summarize(items: readonly ItemDone[], seconds: number, dry: boolean): RunDone {
  const counts = Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])) as Record<
    ItemDone['verdict'],
    number
  >;
  for (const item of items) counts[item.verdict]++;
  const slowest = slowestOf(items, seconds);
  return {
    type: 'summary',
    ...counts,
    ...(dry ? forecastOf(items, counts) : {}),
    seconds,
    ...(slowest.length > 1 ? { slowest } : {}),
  };
}

function forecastOf(
  items: readonly ItemDone[],
  { ran, restored }: { readonly ran: number; readonly restored: number },
): Forecast {
  const mayRun = items.filter(({ maybe }) => maybe).length;
  return { wouldRun: ran - mayRun, mayRun, wouldRestore: restored };
}

/** Notes what the run needed before gc removes anything. */
async function careForCache(work: Work): Promise<void> {
  noteNeeds(work);
  if (!work.project.cache.grew || work.options.interruption.stop.aborted) return;
  const { keepBelowLimit } = await import('./collect.js');
  await keepBelowLimit(work);
}

/** Keeps what a run needed for some more runs, whatever the pipeline becomes. */
function noteNeeds(work: Work): void {
  const { project, done, settled } = work;
  const idle = [...done.values()].every((each) => each.verdict === 'fresh');
  if (idle) return;
  const keys = [...settled.values()].map(({ key }) => key);
  project.cache.noteRun({ keys, chains: chainsOf(work) });
}

/** Chains of incremental items with a result: more epochs would resume from them. */
function chainsOf(work: Work): string[] {
  return [...work.settled].flatMap(([index, { key }]) => {
    const { epochs } = itemAt(work, index);
    const manifest = epochs && work.project.cache.readRecord(key)?.manifest;
    return manifest === undefined ? [] : [keyOf(chainManifest(manifest, epochs?.param))];
  });
}

/** Shorter runs need no advice where to look. */
const LONG_SECONDS = 10;

function slowestOf(
  items: readonly ItemDone[],
  seconds: number,
): { item: string; seconds: number }[] {
  if (seconds < LONG_SECONDS) return [];
  return items
    .flatMap((done) =>
      done.seconds === undefined ? [] : [{ item: done.item, seconds: done.seconds }],
    )
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, 3);
}
