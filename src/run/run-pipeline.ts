/** A run from beginning to end: select, check, schedule, and one verdict for each item. */
import { finish, isStopOf } from '../cache/files/yielding.js';
import { type BuildContext, itemAt, selectedItems } from '../decide/build-context.js';
import { warnOfFormerOuts } from '../decide/former-outs.js';
import { buildOf, inspection } from '../decide/inspection.js';
import { refuseMissing } from '../decide/missing.js';
import type { RunOptions, RunResult } from '../decide/options.js';
import type { Project } from '../decide/project.js';
import { withTempOuts } from '../decide/temp-outs.js';
import { upToDateCheck } from '../decide/up-to-date.js';
import { UserError } from '../error.js';
import type { Emit, Forecast, ItemDone, RunDone } from '../event.js';
import { VERDICTS } from '../event.js';
import type { Elsewhere } from '../execute/elsewhere.js';
import { executorOf, LOCAL } from '../executor/choice.js';
import { withLock } from '../lockfile/lock-reasons.js';
import { isLocked, isLockNoted, refuseBrokenLock } from '../lockfile/up-to-date-note.js';
import { chainKey } from '../manifest.js';
import { select, withNeeds } from '../pipeline/select.js';
import { systemMessage } from '../system-message.js';
import { statedLimit } from './cache-limit.js';
import { journaled } from './journal.js';
import { refuseUnknownExecutors } from './stated-executor.js';
import { withRemote } from './with-remote-if-named.js';

/**
 * Runs the stale items among the targets and what they need.
 *
 * @throws UserError for a user's mistake, such as an unknown target: before anything changes, unless
 *   only an item that runs shows it (`foundLate`)
 */
export async function run(project: Project, options: RunOptions, emit: Emit): Promise<RunResult> {
  if (isDry(options)) return runTo(project, options, emit);
  const journal = journaled(project, emit, (message) => emit({ type: 'warning', message }));
  try {
    return await runTo(project, options, journal.emit);
  } finally {
    journal.close();
  }
}

async function runTo(project: Project, options: RunOptions, emit: Emit): Promise<RunResult> {
  const started = performance.now();
  statedLimit(project);
  const build = await prepare(project, options, emit);
  const errors: string[] = [];
  let differences = 0;
  let mistake: UserError | undefined;
  try {
    emit({
      type: 'run',
      items: build.selected.map((index) => itemAt(build, index).id),
      dry: isDry(options),
    });
    try {
      differences = await unlessStopped(build, carryOut);
    } catch (error) {
      mistake = foundLate(build, error);
    }
    if (!isDry(options)) errors.push(...(await wrapUp(build)));
  } finally {
    errors.push(...(await refusals(build, { 'the cache': () => project.cache.close() })));
  }
  const items = build.selected.map((index) => build.done.get(index) as ItemDone);
  const summary = summarize(items, (performance.now() - started) / 1000, isDry(options));
  // The last event of a run: errors from closing the cache come before it.
  emit(summary);
  if (mistake !== undefined) throw mistake;
  return { summary, items, differences, errors };
}

/**
 * Ends the items of a run that finds a mistake after it has run others. They are in its summary and in
 * pipeline.lock.
 *
 * @throws the error if it is another one, or if nothing has run
 */
function foundLate(build: BuildContext, error: unknown): UserError {
  const hasRun = [...build.done.values()].some(({ verdict }) => verdict !== 'fresh');
  if (!(error instanceof UserError) || !hasRun || isDry(build.options)) throw error;
  cancelRest(build, 'not started, because of an error');
  return error;
}

function cancelRest(build: BuildContext, reason: string): void {
  for (const handle of selectedItems(build))
    if (!build.done.has(handle.index)) handle.finish({ verdict: 'cancelled', reason });
}

/** Cancels the items that are undecided at an interruption. */
async function unlessStopped(
  build: BuildContext,
  act: (build: BuildContext) => Promise<number>,
): Promise<number> {
  try {
    return await act(build);
  } catch (error) {
    if (!isStopOf(build.options.interruption.stop, error)) throw error;
    cancelRest(build, 'interrupted');
    return 0;
  }
}

async function carryOut(build: BuildContext): Promise<number> {
  const { dry, frozen } = build.options;
  await warnOfFormerOuts(build);
  if (frozen !== false) {
    const { inspectFrozen } = await import('./frozen.js');
    return inspectFrozen(build);
  }
  if (dry) {
    const { foretell } = await import('./dry-run.js');
    await foretell(build);
  } else await sweepAndSchedule(build);
  return 0;
}

async function sweepAndSchedule(build: BuildContext): Promise<void> {
  const { stop } = build.options.interruption;
  const swept = await finish(upToDateCheck(build), stop);
  const { pending } = swept;
  await refuseMissing(build, swept.missing);
  refuseBrokenLock(build, pending.length === 0);
  if (pending.length > 0) {
    const { refuseLinkedOuts } = await import('./linked-outs.js');
    await refuseLinkedOuts(build, pending);
    // Protects fresh results until the run ends; a concurrent gc does not know that they are needed.
    build.project.cache.pin({ keys: [...build.settled.values()].map(({ key }) => key) });
    await withRemote(build, pending, async (context) => {
      const elsewhere = await elsewhereFor(context, pending);
      if (build.options.detach) {
        const { detach } = await import('./detach.js');
        await detach(context, pending, elsewhere);
      } else {
        const { schedule } = await import('../execute/schedule.js');
        await schedule(context, swept, elsewhere);
      }
      await elsewhere?.close();
    });
  }
  // Jobs that continue after this run may need them.
  if (build.temps !== undefined && !stop.aborted && !build.options.detach) {
    const { removeSpent } = await import('../execute/spent-temps.js');
    await removeSpent(build, build.selected);
  }
}

/** Undefined when all items run on this machine. */
async function elsewhereFor(
  build: BuildContext,
  pending: readonly number[],
): Promise<Elsewhere | undefined> {
  // `pipe pull` runs nothing, on any executor.
  const isHere = (index: number) => executorOf(build, itemAt(build, index)) === LOCAL;
  if (build.options.pull || pending.every(isHere)) return undefined;
  const { openExecutors } = await import('../executor/executors.js');
  return openExecutors(build, pending);
}

/**
 * The items are done. Errors while writing the files below are reported, and the run ends with its
 * summary.
 */
function wrapUp(build: BuildContext): Promise<string[]> {
  return refusals(build, {
    'pipeline.lock': () => bringLockUpToDate(build),
    'the cache': () => careForCache(build),
  });
}

/** Performs all steps; returns the system and user errors among their failures. */
async function refusals(
  build: BuildContext,
  steps: Readonly<Record<string, () => Promise<void> | void>>,
): Promise<string[]> {
  const errors: string[] = [];
  for (const [what, step] of Object.entries(steps)) {
    try {
      await step();
    } catch (error) {
      const refusal = error instanceof UserError ? withHint(error) : systemMessage(error);
      if (refusal === undefined) throw error;
      const message = `${what} cannot be updated: ${refusal}`;
      errors.push(message);
      build.emit({ type: 'error', message });
    }
  }
  return errors;
}

function withHint({ message, diagnostics: [first] }: UserError): string {
  return first?.hint === undefined ? message : `${message} (${first.hint})`;
}

async function bringLockUpToDate(build: BuildContext): Promise<void> {
  if (!isLocked(build.project.variant) || isLockNoted(build)) return;
  const { updateLock } = await import('../lockfile/update.js');
  await updateLock(build);
}

/** Neither executes nor writes anything. */
function isDry({ dry, frozen }: RunOptions): boolean {
  return dry || frozen !== false;
}

async function prepare(project: Project, options: RunOptions, emit: Emit): Promise<BuildContext> {
  const { plan, cache } = project;
  const targets = select(plan, options.targets);
  const selected = options.only ? targets : withNeeds(plan, targets);
  await refuseUnknownExecutors(project, options, selected);
  if (!isDry(options)) cache.sweepTmp();
  const build = withTempOuts(withLock(await buildOf(project, selected, options, emit)));
  if (options.only && !isDry(options)) {
    const { readyInputs } = await import('./only.js');
    await readyInputs(
      build,
      withLock(await inspection(project, options.targets, options.interruption)),
    );
  }
  return build;
}

function summarize(items: readonly ItemDone[], seconds: number, dry: boolean): RunDone {
  const counts = Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])) as Record<
    ItemDone['verdict'],
    number
  >;
  for (const item of items) counts[item.verdict]++;
  const slowest = slowestOf(items, seconds);
  const { submitted, ...always } = counts;
  return {
    type: 'summary',
    ...always,
    ...(submitted > 0 ? { submitted } : {}),
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

/** Notes what the run needed, before gc removes anything. */
async function careForCache(build: BuildContext): Promise<void> {
  noteNeeds(build);
  if (!build.project.cache.upkeep.grew || build.options.interruption.stop.aborted) return;
  const { keepBelowLimit } = await import('./auto-gc.js');
  await keepBelowLimit(build);
}

/** Protects what a run needed for a few more runs, even if the pipeline changes. */
function noteNeeds(build: BuildContext): void {
  const { project, done, settled } = build;
  const idle = [...done.values()].every((each) => each.verdict === 'fresh');
  if (idle) return;
  const keys = [...settled.values()].map(({ key }) => key);
  project.cache.noteRun({ keys, chains: chainsOf(build) });
}

/** Chains of incremental items with a result: more epochs would resume from them. */
function chainsOf(build: BuildContext): string[] {
  return [...build.settled].flatMap(([index, { key }]) => {
    const { epochs } = itemAt(build, index);
    const manifest = epochs && build.project.cache.readRecord(key)?.manifest;
    return manifest === undefined ? [] : [chainKey(manifest, epochs?.param)];
  });
}

/** Shorter runs need no advice on where the time went. */
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
