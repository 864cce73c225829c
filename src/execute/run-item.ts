/** Runs one item under its locks: decides again, then restores it, or executes and records it. */
import { DamagedObject, UnusableFile } from '../cache/cache.js';
import { finish, isStopOf } from '../cache/files/yielding.js';
import type { Result } from '../cache/records/record.js';
import type { ItemHandle, Settled } from '../decide/build-context.js';
import { evidenceOf } from '../decide/dep-evidence.js';
import { lockKey } from '../decide/locks.js';
import { notesOf } from '../decide/metric-files.js';
import { missingAfterAll } from '../decide/missing.js';
import type { Decision } from '../decide/staleness.js';
import { absentMakers } from '../decide/temp-outs.js';
import type { ItemDone, Verdict } from '../event.js';
import { chainManifest, keyOf } from '../manifest.js';
import type { Item } from '../pipeline/plan.js';
import { WaitsForItself } from '../process/outer-executions.js';
import type { Wanted } from '../remote/remote-results.js';
import { usageOf } from '../sys/usage.js';
import { systemMessage } from '../system-message.js';
import type { Execution } from './attempt.js';
import { claimWithInputs, decideBy } from './claim-inputs.js';
import { executeItem } from './execute-item.js';
import type { Fence, Hold } from './hold.js';
import type { InputSnapshot } from './input-snapshot.js';
import { clearOptions } from './own-outs.js';
import { refuseToReplace } from './protected-outs.js';

export interface Ended {
  readonly done: ItemDone;
  readonly settled?: Settled;
}

/**
 * Runs one item to its end. Its claim keeps other runs away from its outs and inputs. The lock of
 * its key keeps runs in other clones with the same cache from computing the same result. A fence,
 * if given, must hold too.
 */
export async function runItem(handle: ItemHandle, fence?: Fence): Promise<Ended> {
  const { build, item } = handle;
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  try {
    return await underLocks(handle, seconds, fence);
  } catch (error) {
    const { stop } = build.options.interruption;
    if (isStopOf(stop, error) || (stop.aborted && isAbort(error))) return cancelled(item);
    const message = messageOf(error);
    if (message === undefined) throw error;
    return failed(item, handle.cache.isDeleted() ? DELETED : message, seconds());
  }
}

const DELETED = 'the cache was deleted while the item ran: run again';

/** Message for an error of this item alone; undefined for a bug, or an error that stops every item. */
function messageOf(error: unknown): string | undefined {
  if (error instanceof WaitsForItself)
    return error.diagnostics
      .map(({ code, message, hint }) => `${message} (${code}): ${hint}`)
      .join();
  if (error instanceof UnusableFile)
    return error.diagnostics.map(({ message, hint }) => `${message}: ${hint}`).join('\n');
  return error instanceof DamagedObject ? error.message : systemMessage(error);
}

async function underLocks(
  handle: ItemHandle,
  seconds: () => number,
  fence: Fence | undefined,
): Promise<Ended> {
  const { build, item } = handle;
  const { claim, inputs, decision: found } = await claimWithInputs(handle);
  try {
    const first = await withoutRunning(handle, inputs, seconds, found);
    if ('done' in first) return first;
    const keyLock = await lockKey(handle, first.manifest);
    try {
      // Another clone may have computed it during the wait.
      const decision = keyLock ? await withoutRunning(handle, inputs, seconds) : first;
      if ('done' in decision) return decision;
      if (await takenFromRemote(handle, decision)) {
        const third = await withoutRunning(handle, inputs, seconds);
        if ('done' in third) return fromRemote(third);
      }
      if (build.options.pull)
        return ended(item, 'blocked', { reason: build.remote?.isOff ? NOT_USED : NOT_THERE });
      if (build.temps !== undefined && absentMakers(build.project, handle.index).length > 0)
        return failed(item, TEMPS_GONE, seconds());
      await refuseToReplace(handle, item.outs);
      const hold: Hold = {
        isHeld: () => claim.isHeld() && keyLock?.isHeld() !== false && fence?.isHeld() !== false,
        lost: fence === undefined ? claim.lost : AbortSignal.any([claim.lost, fence.lost]),
        noteGroup(group) {
          claim.noteGroup(group);
          keyLock?.noteGroup(group);
        },
      };
      const execution = await executeItem(handle, decision, { hold, inputs });
      return concluded(item, decision.key, execution, seconds());
    } finally {
      keyLock?.release();
    }
  } finally {
    claim.release();
  }
}

/** The scheduler makes them again, unless other runs remove them each time. */
const TEMPS_GONE = 'temporary outs that it reads were removed by another run: run again';

type Run = Decision & { readonly kind: 'run' };

/** Takes a result from the remote cache, if this run is allowed to. */
async function takenFromRemote(handle: ItemHandle, run: Run): Promise<boolean> {
  const { remote } = handle.build;
  if (remote === undefined || !mayTake(run)) return false;
  const { epochs, id } = handle.item;
  const manifest = epochs && chainManifest(run.manifest, epochs.param);
  const chain = manifest && { item: id, chain: keyOf(manifest), manifest };
  return remote.takeResult(wantedOf(handle, run), handle.code.files, chain);
}

/** Fetches a result from the remote cache while its item waits for its turn. */
export function expectFromRemote(handle: ItemHandle, run: Run): void {
  if (mayTake(run)) handle.build.remote?.results.expect(wantedOf(handle, run));
}

function mayTake({ cause }: Run): boolean {
  if (typeof cause === 'object' && 'needed' in cause) return false;
  return cause !== 'forced' && cause !== 'always';
}

function wantedOf({ item }: ItemHandle, { key, manifest }: Run): Wanted {
  return { item: item.id, key, manifest, ...notesOf(item) };
}

function fromRemote({ done, ...more }: Ended): Ended {
  return { ...more, done: done.verdict === 'restored' ? { ...done, from: 'remote' } : done };
}

const NOT_THERE = 'its result is not in the remote cache';
const NOT_USED = 'the remote cache is not used: a warning says why';

/** The end of an item that needs no process: it is fresh, or its outs are restored. Else its decision. */
async function withoutRunning(
  handle: ItemHandle,
  inputs: InputSnapshot,
  seconds: () => number,
  found?: Decision,
): Promise<Ended | Run> {
  const { item } = handle;
  const decision = found ?? (await decideBy(handle, inputs));
  switch (decision.kind) {
    case 'run':
      return decision;
    case 'fresh':
      handle.build.temps?.lay(decision);
      handle.cache.use(decision.key);
      return recorded(item, 'fresh', decision.record, {});
    case 'missing': {
      const message = decision.deps.map(missingAfterAll).join('\n');
      return failed(item, message, seconds());
    }
    case 'restore': {
      await refuseToReplace(handle, item.outs, decision.record.outs);
      const back = await restoreOuts(handle, decision);
      // The damaged object is set aside, so the record cannot be restored any more, and the item
      // runs.
      if (!back) return await withoutRunning(handle, inputs, seconds);
      handle.build.temps?.lay(decision);
      const more = { reason: decision.reason.text, seconds: seconds() };
      return recorded(item, 'restored', decision.record, more);
    }
    default:
      return decision satisfies never;
  }
}

/** False when an object is damaged. */
async function restoreOuts(
  handle: ItemHandle,
  decision: Decision & { kind: 'restore' },
): Promise<boolean> {
  const { build, item } = handle;
  const { cache } = build.project;
  cache.use(decision.key);
  build.emit({ type: 'start', item: item.id, action: 'restore', reason: decision.reason.text });
  const options = clearOptions(handle);
  for (const out of item.outs) {
    const stored = decision.record.outs.find((each) => each.name === out.name);
    if (stored === undefined) return false;
    // A temporary out that is not stored can only be missing.
    const isThere = stored.temp && !cache.hasAll(stored.digest);
    if (isThere || decision.gone?.includes(out)) continue;
    try {
      await cache.outs.restore(stored, out.path, options);
    } catch (error) {
      if (!(error instanceof DamagedObject)) throw error;
      handle.warn(error.message);
      return false;
    }
  }
  const files = handle.code.files;
  const evidence = await finish(evidenceOf(item, build.project));
  const executed = cache.state.readLast(item.id)?.executed;
  cache.state.writeLast(item.id, { ...decision.record, files, ...evidence, executed });
  return true;
}

function concluded(item: Item, key: string, execution: Execution, seconds: number): Ended {
  switch (execution.kind) {
    case 'recorded': {
      const { record, why, epochs } = execution;
      return recorded(item, 'ran', record, {
        ...why,
        seconds,
        ...usageOf(record),
        ...(epochs === undefined ? {} : { epochs }),
      });
    }
    case 'failed':
      return ended(item, 'failed', {
        key,
        seconds,
        ...execution.why,
        ...(execution.executed && usageOf(execution.executed)),
        failure: execution.failure,
      });
    case 'cancelled':
      return cancelled(item);
    default:
      return execution satisfies never;
  }
}

function recorded(
  item: Item,
  verdict: 'ran' | 'restored' | 'fresh',
  record: Result,
  more: Partial<ItemDone>,
): Ended {
  const { key, outs } = record;
  return { ...ended(item, verdict, { key, ...more }), settled: { key, outs } };
}

/** Without an execution. */
function failed(item: Item, message: string, seconds: number): Ended {
  const failure = { message, command: '', tail: [] };
  return ended(item, 'failed', { seconds, failure });
}

function cancelled(item: Item): Ended {
  return ended(item, 'cancelled', { reason: 'interrupted' });
}

function ended({ id }: Item, verdict: Verdict, more: Partial<ItemDone>): Ended {
  return { done: { type: 'item', item: id, verdict, ...more } };
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'Interrupted');
}
