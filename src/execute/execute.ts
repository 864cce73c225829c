/** One execution of an item, from clean outs to a record; with its retries. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Attempt } from '../cache/cache.js';
import type { RecordedOut, RunRecord } from '../cache/records/record.js';
import type { Decision } from '../decide/decide.js';
import { evidenceOf } from '../decide/evidence.js';
import { explain, whyOf } from '../decide/explain.js';
import { cacheOf, itemAt, type Work } from '../decide/work.js';
import type { Failure, Why } from '../event.js';
import type { Item } from '../pipeline/plan.js';
import { acquireGpus, type GpuLease } from '../process/lease.js';
import { describeEnding, type Outcome, succeeded } from '../process/outcome.js';
import { changedWhileItRan, EpochRun } from './epoch-run.js';
import { type Hold, LOST } from './hold.js';
import { InputSnapshot } from './input-snapshot.js';
import { launchItem } from './launch.js';
import { refuseTooManyGpus } from './resources.js';
import { Scratch } from './scratch.js';

export type Execution =
  | {
      readonly kind: 'recorded';
      readonly record: RunRecord;
      readonly why: Why;
      readonly epochs?: { readonly computed: number; readonly reached: number };
    }
  | { readonly kind: 'failed'; readonly why: Why; readonly failure: Failure }
  | { readonly kind: 'cancelled' };

/** What an execution rests on. */
export interface Grounds {
  readonly hold: Hold;
  /** What the decision was made of. */
  readonly inputs: InputSnapshot;
}

/** Executes the item, again after a failure as often as it may be retried. */
export async function executeItem(
  work: Work,
  index: number,
  decision: Decision & { kind: 'run' },
  grounds: Grounds,
): Promise<Execution> {
  const item = itemAt(work, index);
  const code = work.codes.of(index);
  const why = whyOf(explain(work.project, item, code, decision).map(({ text }) => text));
  const stale = work.codes.changedScript(index);
  if (stale !== undefined) return { kind: 'failed', why, failure: unstarted(item, stale) };
  await refuseTooManyGpus(work, [index]);
  const lease = await leaseOf(work, item);
  const { key } = decision;
  const cache = cacheOf(work);
  try {
    cache.writeAttempt(item.id, { key, end: 'begun' });
    const execution = await withRetries(work, index, decision, { ...grounds, why, lease });
    cache.writeAttempt(item.id, attemptAfter(key, execution));
    return execution;
  } finally {
    lease?.release();
  }
}

/** Why the item has no result, for `status` and `why`. */
function attemptAfter(key: string, execution: Execution): Attempt | undefined {
  switch (execution.kind) {
    case 'recorded':
      return undefined;
    case 'failed':
      return { key, end: 'failed', message: execution.failure.message };
    case 'cancelled':
      return { key, end: 'interrupted' };
    default:
      return execution satisfies never;
  }
}

async function withRetries(
  work: Work,
  index: number,
  decision: Decision & { kind: 'run' },
  start: Omit<Start, 'afresh'>,
): Promise<Execution> {
  const item = itemAt(work, index);
  for (let attempt = 0; ; attempt++) {
    // What a forced execution has computed counts when it is tried again.
    const afresh = decision.cause === 'forced' && attempt === 0;
    const execution = await attemptItem(work, index, decision, { ...start, afresh });
    if (execution.kind !== 'failed' || attempt >= item.retries) return execution;
    if (!start.hold.isHeld()) return execution;
    const message = `${execution.failure.message}; try ${attempt + 2} of ${item.retries + 1}`;
    work.emit({ type: 'warning', item: item.id, message });
  }
}

async function leaseOf(work: Work, item: Item): Promise<GpuLease | undefined> {
  if (item.resources.gpu === 0) return undefined;
  return acquireGpus(item.resources.gpu, {
    doing: `${item.id} of ${work.project.root}`,
    env: work.project.env,
    signal: work.options.interruption.stop,
    onWait: (reason) => work.emit({ type: 'waiting', item: item.id, reason }),
  });
}

async function attemptItem(
  work: Work,
  index: number,
  decision: Decision & { kind: 'run' },
  { why, lease, hold, afresh, ...start }: Start,
): Promise<Execution> {
  const item = itemAt(work, index);
  const incremental = item.epochs !== undefined;
  let inputs = incremental ? await InputSnapshot.takeSettled(work, index) : start.inputs;
  let computed = 0;
  for (let round = 0; ; round++) {
    const scratch = new Scratch(work, item);
    // Started once more because of early stopping, the chain is this run's own.
    const epochs = await EpochRun.prepare(work, item, decision.manifest, {
      state: scratch.state,
      afresh: afresh && round === 0,
      inputs,
      hold,
    });
    try {
      await clearOuts(work, item);
      if (round === 0) announce(work, item, { why, scratch, lease, epochs });
      const outcome = await launchItem(work, index, { scratch, lease, hold, epochs });
      computed += epochs?.computed ?? 0;
      const stopped = work.options.interruption.stop.aborted || !hold.isHeld();
      if (epochs?.endsEarlier && epochs.mistake === undefined && !stopped) continue;
      if (epochs !== undefined && !stopped && (await goesOn(work, item, epochs, inputs, round))) {
        inputs = await InputSnapshot.takeSettled(work, index);
        continue;
      }
      const ending = { why, hold, inputs, scratch, outcome, epochs, computed };
      return await conclude(work, index, decision, ending);
    } finally {
      epochs?.close();
      scratch.remove();
    }
  }
}

/**
 * True when an input was touched while epochs were computed, and its content is what it was: what it
 * was meanwhile nobody knows, so the epoch of that time is computed again. Not without end: a stage
 * that touches its own input would go round in circles.
 */
async function goesOn(
  work: Work,
  item: Item,
  epochs: EpochRun,
  inputs: InputSnapshot,
  round: number,
): Promise<boolean> {
  const { moved } = epochs;
  if (moved === undefined || (round > 0 && epochs.computed === 0)) return false;
  if ((await inputs.changed()) !== undefined) return false;
  const message = `${moved} was touched while it ran, and is what it was: the epoch of that time is computed again`;
  work.emit({ type: 'warning', item: item.id, message });
  return true;
}

interface Start extends Grounds {
  readonly why: Why;
  readonly lease: GpuLease | undefined;
  /** Nothing of an incremental stage that was computed before counts. */
  readonly afresh: boolean;
}

interface Started {
  readonly why: Why;
  readonly scratch: Scratch;
  readonly epochs: EpochRun | undefined;
}

function announce(
  work: Work,
  item: Item,
  { why, scratch, lease, epochs }: Started & { lease: GpuLease | undefined },
): void {
  const expected = cacheOf(work).readLast(item.id)?.seconds;
  work.emit({
    type: 'start',
    item: item.id,
    action: 'run',
    ...why,
    log: scratch.log,
    ...(epochs === undefined ? {} : { epochs: epochs.span }),
    ...(lease === undefined ? {} : { gpus: lease.indices }),
    ...(expected === undefined ? {} : { expected }),
  });
}

interface Concluding extends Started, Grounds {
  readonly outcome: Outcome;
  /** Epochs, over all starts. */
  readonly computed: number;
}

/** Checks that the result may be believed, stores the outs, and writes the record last. */
async function conclude(
  work: Work,
  index: number,
  decision: Decision & { kind: 'run' },
  { why, hold, inputs, scratch, outcome, epochs, computed }: Concluding,
): Promise<Execution> {
  const item = itemAt(work, index);
  const fail = (message: string): Execution => ({
    kind: 'failed',
    why,
    failure: failureOf(item, message, outcome, scratch.log),
  });
  if (!hold.isHeld()) return fail(LOST);
  if (outcome.ending.how === 'stopped' && work.options.interruption.stop.aborted)
    return { kind: 'cancelled' };
  if (epochs?.mistake !== undefined) return fail(epochs.mistake);
  if (!succeeded(outcome)) return fail(describeEnding(outcome.ending));
  const short = epochs?.shortfall();
  if (short !== undefined) return fail(short);
  const cache = cacheOf(work);
  for (const out of item.outs) cache.forget(out.path);
  const absent = item.outs.filter((out) => cache.scanSync(out.path) === undefined);
  if (absent.length > 0) return fail(`did not write ${absent.map((out) => out.path).join(', ')}`);
  const moved = await inputs.moved();
  if (moved !== undefined) return fail(changedWhileItRan(moved));
  const record: RunRecord = {
    format: 1,
    key: decision.key,
    item: item.id,
    manifest: decision.manifest,
    files: work.codes.of(index).files,
    outs: await storeOuts(work, item),
    seconds: outcome.seconds,
  };
  // What was stored was stored while it was held.
  if (!hold.isHeld()) return fail(LOST);
  await cache.writeRecord(record);
  cache.writeLast(item.id, { ...record, ...evidenceOf(item, work.project) });
  return epochs === undefined
    ? { kind: 'recorded', record, why }
    : { kind: 'recorded', record, why, epochs: { computed, reached: epochs.reached } };
}

async function storeOuts(work: Work, item: Item): Promise<RecordedOut[]> {
  const outs: RecordedOut[] = [];
  for (const out of item.outs) {
    const { digest, size, files } = await cacheOf(work).storeOut(out.path);
    outs.push({ name: out.name, digest, size, files });
  }
  return outs;
}

/** Old outs are gone and parent folders exist when a process starts. */
async function clearOuts(work: Work, item: Item): Promise<void> {
  const cache = cacheOf(work);
  for (const out of item.outs) {
    await cache.removeOut(out.path);
    mkdirSync(path.dirname(path.join(work.project.root, out.path)), { recursive: true });
  }
}

/** The code that a key is made of is that of the beginning of the run. */
function unstarted(item: Item, script: string): Failure {
  const message = `${script} changed since the run began: run again`;
  return { message, command: describeAction(item), tail: [] };
}

function failureOf(item: Item, message: string, outcome: Outcome, log: string): Failure {
  const { ending, tail } = outcome;
  return {
    message,
    command: describeAction(item),
    ...(ending.how === 'exit' ? { exitCode: ending.code } : {}),
    ...(ending.how === 'signal' ? { signal: ending.signal } : {}),
    log,
    tail,
  };
}

export function describeAction({ action }: Item): string {
  switch (action.kind) {
    case 'module':
      return action.file;
    case 'shell':
      return action.command;
    case 'argv':
      return action.argv.join(' ');
    default:
      return action satisfies never;
  }
}
