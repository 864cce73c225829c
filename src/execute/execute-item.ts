/** Executes an item, with its GPUs and its retries. */
import type { Attempt } from '../cache/cache.js';
import type { BuildContext, ItemHandle } from '../decide/build-context.js';
import { whyDecided } from '../decide/explain.js';
import type { Decision } from '../decide/staleness.js';
import type { Failure } from '../event.js';
import type { Item } from '../pipeline/plan.js';
import { acquireGpus, type GpuLease } from '../process/gpu-lease.js';
import { attemptItem, type Execution, type Grounds, type Start } from './attempt.js';
import { describeAction } from './failure.js';
import { earlierOf } from './own-outs.js';
import { misreading } from './own-params.js';
import { refuseTooManyGpus } from './resources.js';
import { warnOfSharedFiles } from './shared-files.js';
import { warnOfUndeclaredInputs } from './undeclared-inputs.js';

/** Executes the item, and retries it after a failure as often as allowed. */
export async function executeItem(
  handle: ItemHandle,
  decision: Decision & { kind: 'run' },
  grounds: Grounds,
): Promise<Execution> {
  const { build, index, item, cache } = handle;
  const earlier = earlierOf(handle);
  const why = whyDecided(handle, decision, () => earlier.last);
  const { changing } = build.options.interruption;
  const stale = changing?.(item.id) ?? build.codes.changedScript(index) ?? misreading(handle);
  if (stale !== undefined) return { kind: 'failed', why, failure: unstarted(item, stale) };
  warnOfUndeclaredInputs(handle);
  warnOfFilledTarget(handle);
  await refuseTooManyGpus(build, [index]);
  const lease = await leaseOf(build, item);
  const { key } = decision;
  const endUse = warnOfSharedFiles(handle);
  try {
    cache.state.writeAttempt(item.id, { key, end: 'begun' });
    const start = { ...grounds, ...earlier, why, lease };
    const execution = await withRetries(handle, decision, start);
    cache.state.writeAttempt(item.id, build.conceal.value(attemptAfter(key, execution)));
    if (execution.kind !== 'recorded' && grounds.hold.isHeld()) {
      for (const out of item.outs) cache.state.noteEnded(out.path);
      returnReplaced(handle);
    }
    return execution;
  } finally {
    endUse();
    lease?.release();
  }
}

/** The command is part of the chain, so a number of epochs in it makes a chain of its own. */
function warnOfFilledTarget(handle: ItemHandle): void {
  const { epochs, filled } = handle.item;
  if (epochs?.param === undefined || !Object.hasOwn(filled ?? {}, epochs.param)) return;
  handle.warn(
    `its command contains \${${epochs.param}}, its number of epochs: with another number, all epochs are computed again. Let the program read PIPE_EPOCHS instead; if an epoch depends on the number, use a separate param`,
  );
}

/** Why the item has no result, for `status` and `why`. */
function attemptAfter(key: string, execution: Execution): Attempt | undefined {
  switch (execution.kind) {
    case 'recorded':
      return undefined;
    case 'failed': {
      const { failure, executed } = execution;
      return { key, end: 'failed', message: failure.message, executed };
    }
    case 'cancelled':
      return { key, end: 'interrupted', executed: execution.executed };
    default:
      return execution satisfies never;
  }
}

async function withRetries(
  handle: ItemHandle,
  decision: Decision & { kind: 'run' },
  start: Omit<Start, 'fromStart'>,
): Promise<Execution> {
  const { build, item } = handle;
  for (let attempt = 0; ; attempt++) {
    // A retry keeps the epochs that a forced execution has computed.
    const fromStart = decision.cause === 'forced' && attempt === 0 && !build.options.again;
    const execution = await attemptItem(handle, decision, { ...start, fromStart });
    if (execution.kind !== 'failed' || attempt >= item.retries) return execution;
    if (!start.hold.isHeld()) return execution;
    const message = `${execution.failure.message}; try ${attempt + 2} of ${item.retries + 1}`;
    handle.warn(message);
  }
}

async function leaseOf(build: BuildContext, item: Item): Promise<GpuLease | undefined> {
  if (item.resources.gpu === 0) return undefined;
  return acquireGpus(item.resources.gpu, {
    doing: `${item.id} of ${build.project.root}`,
    item: item.id,
    env: build.project.env,
    signal: build.options.interruption.stop,
    onWait: (reason) => build.emit({ type: 'waiting', item: item.id, reason }),
  });
}

/** The key was computed from the code at the start of the run. */
function unstarted(item: Item, file: string): Failure {
  const message = `${file} changed since the run began: run again`;
  return { message, command: describeAction(item), tail: [] };
}

/** Moves user files back if the result that replaced them was not produced. */
function returnReplaced(handle: ItemHandle): void {
  for (const out of handle.item.outs) {
    const message = handle.cache.outs.returnReplaced(out.path);
    if (message !== undefined) handle.warn(message);
  }
}
