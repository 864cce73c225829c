/** One execution of an item, from clean outs to a record; with its retries. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Attempt } from '../cache/cache.js';
import type { RecordedOut, RunRecord } from '../cache/records/record.js';
import type { Decision } from '../decide/decide.js';
import { evidenceOf } from '../decide/evidence.js';
import { explain, whyOf } from '../decide/explain.js';
import { inputsOf } from '../decide/inputs.js';
import { cacheOf, itemAt, type Work } from '../decide/work.js';
import type { Failure, Why } from '../event.js';
import type { Manifest } from '../manifest.js';
import type { Item } from '../pipeline/plan.js';
import { acquireGpus, type GpuLease } from '../process/lease.js';
import { describeEnding, type Outcome, succeeded } from '../process/outcome.js';
import { EpochRun } from './epoch-run.js';
import { launchItem } from './launch.js';
import { clearLeftovers } from './leftovers.js';
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

/** Executes the item, again after a failure as often as it may be retried. */
export async function executeItem(
  work: Work,
  index: number,
  decision: Decision & { kind: 'run' },
): Promise<Execution> {
  const item = itemAt(work, index);
  const code = work.codes.of(index);
  const why = whyOf(explain(work.project, item, code, decision).map(({ text }) => text));
  await refuseTooManyGpus(work, [index]);
  const lease = await leaseOf(work, item);
  const { key } = decision;
  const cache = cacheOf(work);
  try {
    cache.writeAttempt(item.id, { key, end: 'begun' });
    const execution = await withRetries(work, index, decision, { why, lease });
    cache.writeAttempt(item.id, attemptAfter(key, execution));
    if (execution.kind !== 'recorded') for (const out of item.outs) cache.noteEnded(out.path);
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
  { why, lease }: Pick<Start, 'why' | 'lease'>,
): Promise<Execution> {
  const item = itemAt(work, index);
  for (let attempt = 0; ; attempt++) {
    // What a forced execution has computed counts when it is tried again.
    const afresh = decision.cause === 'forced' && attempt === 0;
    const execution = await attemptItem(work, index, decision, { why, lease, afresh });
    if (execution.kind !== 'failed' || attempt >= item.retries) return execution;
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
  { why, lease, afresh }: Start,
): Promise<Execution> {
  const item = itemAt(work, index);
  let computed = 0;
  for (let start = 0; ; start++) {
    const scratch = new Scratch(work, item);
    // Started once more because of early stopping, the chain is this run's own.
    const epochs = await EpochRun.prepare(
      work,
      item,
      decision.manifest,
      scratch.state,
      afresh && start === 0,
    );
    try {
      await clearLeftovers(work, item);
      await clearOuts(work, item);
      if (start === 0) announce(work, item, { why, scratch, lease, epochs });
      const outcome = await launchItem(work, index, scratch, lease, epochs);
      computed += epochs?.computed ?? 0;
      const stopped = work.options.interruption.stop.aborted;
      if (epochs?.endsEarlier && epochs.mistake === undefined && !stopped) continue;
      return await conclude(work, index, decision, { why, scratch, outcome, epochs, computed });
    } finally {
      epochs?.close();
      scratch.remove();
    }
  }
}

interface Start {
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

interface Concluding extends Started {
  readonly outcome: Outcome;
  /** Epochs, over all starts. */
  readonly computed: number;
}

/** Checks that the result may be believed, stores the outs, and writes the record last. */
async function conclude(
  work: Work,
  index: number,
  decision: Decision & { kind: 'run' },
  { why, scratch, outcome, epochs, computed }: Concluding,
): Promise<Execution> {
  const item = itemAt(work, index);
  const fail = (message: string): Execution => ({
    kind: 'failed',
    why,
    failure: failureOf(item, message, outcome, scratch.log),
  });
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
  const changed = changedInput(work, index, decision.manifest);
  if (changed !== undefined) return fail(changedWhileItRan(changed));
  const record: RunRecord = {
    format: 1,
    key: decision.key,
    item: item.id,
    manifest: decision.manifest,
    files: work.codes.of(index).files,
    outs: await storeOuts(work, item),
    seconds: outcome.seconds,
  };
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
    cache.noteBegun(out.path);
    mkdirSync(path.dirname(path.join(work.project.root, out.path)), { recursive: true });
  }
}

/** Who changed it nobody knows: mostly an editor, and at times the stage itself. */
function changedWhileItRan(input: string): string {
  return `${input} changed while it ran: the result is not recorded; run again, or if the stage itself writes ${input}, let it write to an out instead`;
}

/** The first dep or script whose content is no longer what the key was made of. */
function changedInput(work: Work, index: number, manifest: Manifest): string | undefined {
  const item = itemAt(work, index);
  const now = inputsOf(item, work.codes.of(index), work.project, true);
  if (now.kind === 'missing') return now.deps[0]?.path;
  const dep = item.deps.find((each) => now.manifest.deps[each.name] !== manifest.deps[each.name]);
  return dep?.path ?? work.codes.changedScript(index);
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
