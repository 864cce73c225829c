/** One attempt at an item, from clean outs to a record: its process, its epochs, and the checks of its result. */
import path from 'node:path';
import type { Executed } from '../cache/cache.js';
import { makeParentOf } from '../cache/files/parent-folder.js';
import { finish } from '../cache/files/yielding.js';
import type { RecordedOut, RunRecord } from '../cache/records/record.js';
import type { ItemHandle } from '../decide/build-context.js';
import { evidenceOf } from '../decide/dep-evidence.js';
import { notesOf } from '../decide/metric-files.js';
import type { Decision } from '../decide/staleness.js';
import type { EpochsDone, Failure, Why } from '../event.js';
import type { Item, Out } from '../pipeline/plan.js';
import type { GpuLease } from '../process/gpu-lease.js';
import { type Outcome, succeeded, withEarlier } from '../process/outcome.js';
import { changedWhileItRan, EpochRun } from './epoch-run.js';
import { ExecutionFiles } from './execution-files.js';
import { describeAction, endText, failureOf, unwrittenText } from './failure.js';
import { type Hold, LOST } from './hold.js';
import { InputSnapshot } from './input-snapshot.js';
import { type Launching, launchItem } from './launch-item.js';
import { clearOptions, type Earlier } from './own-outs.js';
import { windowsLines } from './windows-lines.js';

export type Execution =
  | {
      readonly kind: 'recorded';
      readonly record: RunRecord;
      readonly why: Why;
      readonly epochs?: EpochsDone;
    }
  | {
      readonly kind: 'failed';
      readonly why: Why;
      readonly failure: Failure;
      readonly executed?: Executed;
    }
  | { readonly kind: 'cancelled'; readonly executed?: Executed };

/** What an execution is based on. */
export interface Grounds {
  readonly hold: Hold;
  /** Inputs of the decision. */
  readonly inputs: InputSnapshot;
}

export async function attemptItem(
  handle: ItemHandle,
  decision: Decision & { kind: 'run' },
  start: Start,
): Promise<Execution> {
  const { build, item } = handle;
  const { why, lease, hold } = start;
  const incremental = item.epochs !== undefined;
  let inputs = incremental ? await InputSnapshot.takeSettled(handle) : start.inputs;
  let computed = 0;
  let outcome: Outcome | undefined;
  for (let round = 0; ; round++) {
    const files = new ExecutionFiles(handle);
    // When early stopping starts the process once more, the chain already belongs to this run.
    const epochs = await EpochRun.prepare(handle, decision.manifest, {
      state: files.state,
      fromStart: start.fromStart && round === 0,
      inputs,
      hold,
    });
    let isUnrecorded = false;
    try {
      await clearOuts(handle, start);
      isUnrecorded = true;
      if (round === 0) announce(handle, { ...start, files, epochs });
      const last = await launchHeld(handle, { files, lease, hold, epochs });
      if (last === undefined) return lost(item, why);
      outcome = withEarlier(outcome, last);
      computed += epochs?.computed ?? 0;
      if (epochs !== undefined && !build.options.interruption.stop.aborted && hold.isHeld()) {
        if (epochs.endsEarlier && epochs.mistake === undefined) continue;
        if (await mustRepeat(handle, epochs, inputs, round)) {
          inputs = await InputSnapshot.takeSettled(handle);
          continue;
        }
      }
      const ending = { ...start, inputs, files, outcome, epochs, computed };
      const execution = await conclude(handle, decision, ending);
      isUnrecorded = execution.kind !== 'recorded';
      return execution;
    } finally {
      epochs?.close();
      files.remove();
      if (isUnrecorded && hold.isHeld())
        for (const out of item.outs) await handle.cache.outs.noteLeft(out.path);
    }
  }
}

/** Undefined when another run took over, because that removes this run's working files. */
async function launchHeld(handle: ItemHandle, launching: Launching): Promise<Outcome | undefined> {
  try {
    return await launchItem(handle, launching);
  } catch (error) {
    if (launching.hold.isHeld()) throw error;
    return undefined;
  }
}

function lost(item: Item, why: Why): Execution {
  return {
    kind: 'failed',
    why,
    failure: { message: LOST, command: describeAction(item), tail: [] },
  };
}

/**
 * True when an input was touched during the epochs but has its old content. Its content in between
 * is unknown, so that epoch is computed again. The number of repeats is limited, because a stage
 * that touches its own input would loop.
 */
async function mustRepeat(
  handle: ItemHandle,
  epochs: EpochRun,
  inputs: InputSnapshot,
  round: number,
): Promise<boolean> {
  const { moved } = epochs;
  if (moved === undefined || (round > 0 && epochs.computed === 0)) return false;
  if ((await inputs.changed()) !== undefined) return false;
  const message = `${moved} was touched during the run but has its old content: the epoch that was running is computed again`;
  handle.warn(message);
  return true;
}

export interface Start extends Grounds, Earlier {
  readonly why: Why;
  readonly lease: GpuLease | undefined;
  /** True to ignore all epochs computed earlier. */
  readonly fromStart: boolean;
}

/** The end of the process of an attempt. */
interface Ending extends Start {
  readonly files: ExecutionFiles;
  readonly epochs: EpochRun | undefined;
  readonly outcome: Outcome;
  /** Number of epochs, over all starts. */
  readonly computed: number;
}

function announce(
  { build, item }: ItemHandle,
  { why, files, lease, epochs, last }: Start & Pick<Ending, 'files' | 'epochs'>,
): void {
  const expected = last?.seconds;
  build.emit({
    type: 'start',
    item: item.id,
    action: 'run',
    ...why,
    log: files.log,
    ...(epochs === undefined ? {} : { epochs: epochs.span }),
    ...(lease === undefined ? {} : { gpus: lease.indices }),
    ...(expected === undefined ? {} : { expected }),
  });
}

/** Checks the result, stores the outs, and writes the record last. */
async function conclude(
  handle: ItemHandle,
  decision: Decision & { kind: 'run' },
  { why, hold, inputs, files, outcome, epochs, computed }: Ending,
): Promise<Execution> {
  const { build, item, cache } = handle;
  const { seconds, usage } = outcome;
  const executed = { log: path.basename(files.log), seconds, ...usage };
  const fail = (message: string): Execution => ({
    kind: 'failed',
    why,
    failure: failureOf(item, message, outcome, files.log, build.project.root),
    executed,
  });
  const flaw = () => windowsLines(handle);
  if (!hold.isHeld()) return fail(LOST);
  if (outcome.ending.how === 'stopped' && build.options.interruption.stop.aborted)
    return { kind: 'cancelled', executed };
  if (epochs?.mistake !== undefined) return fail(epochs.mistake);
  if (!succeeded(outcome)) {
    const { project: reader } = build;
    return fail(endText(item, outcome, { reader, root: reader.root, flaw: flaw() }));
  }
  const short = epochs?.shortfall();
  if (short !== undefined) return fail(short);
  for (const out of item.outs) cache.forget(out.path);
  const absent = promisedBy(item).filter((out) => !cache.exists(out.path));
  if (absent.length > 0) return fail(unwrittenText(build.project.root, item, absent, flaw()));
  const moved = await inputs.moved();
  if (moved !== undefined) return fail(changedWhileItRan(moved));
  const record: RunRecord = {
    format: 1,
    key: decision.key,
    item: item.id,
    manifest: decision.manifest,
    ...notesOf(item),
    files: handle.code.files,
    outs: await storeOuts(handle),
    seconds,
    ...usage,
  };
  // This confirms that the lock was still held while the outs were stored.
  if (!hold.isHeld()) return fail(LOST);
  await cache.writeRecord(record);
  const evidence = await finish(evidenceOf(item, build.project));
  cache.state.writeLast(item.id, { ...record, ...evidence, executed });
  build.remote?.offerResult(record);
  if (epochs === undefined) return { kind: 'recorded', record, why };
  const { reached, target } = epochs;
  const early = reached === target ? {} : { target };
  return { kind: 'recorded', record, why, epochs: { computed, reached, ...early } };
}

async function storeOuts({ item, cache }: ItemHandle): Promise<RecordedOut[]> {
  const outs: RecordedOut[] = [];
  for (const { name, path, temp } of item.outs)
    outs.push({ name, ...(await cache.outs.store(path, temp)) });
  return outs;
}

/** Removes old outs and creates parent folders before a process starts. User files are moved. */
async function clearOuts(handle: ItemHandle, earlier: Earlier): Promise<void> {
  const { build, cache, item } = handle;
  const options = clearOptions(handle, earlier);
  for (const out of item.outs) {
    await cache.outs.remove(out.path, options);
    cache.state.noteBegun(out.path);
    makeParentOf(build.project.root, out.path);
  }
}

/** The outs, and the metrics and plots inside them. */
function promisedBy({ outs, views = [], plots = [] }: Item): readonly Pick<Out, 'path'>[] {
  return [...new Map([...outs, ...views, ...plots].map((each) => [each.path, each])).values()];
}
