/**
 * Explains one item: compares its last result in this project, or the one in pipeline.lock, with what it
 * depends on today.
 */
import type { Attempt, LastRun } from '../cache/cache.js';
import type { Why } from '../event.js';
import type { Manifest } from '../manifest.js';
import type { Item } from '../pipeline/plan.js';
import { whereIs } from '../process/lock-owner.js';
import type { ItemHandle, LockedResult } from './build-context.js';
import { matchesThenAndNow } from './dep-evidence.js';
import { itemHolder } from './locks.js';
import { differences, type Evidence, type Explainer, type Reason } from './reasons.js';
import type { Decision } from './staleness.js';

/** Why the item must run or be restored, most likely cause first; empty for a fresh item. */
export function explain(
  handle: ItemHandle,
  decision: Decision,
  last: Last = lastOf(handle),
): Reason[] {
  switch (decision.kind) {
    case 'fresh':
      return [];
    case 'restore':
      return [decision.reason];
    case 'missing':
      return decision.deps.map((dep) => ({ kind: 'dep', text: `dep ${dep.path} is missing` }));
    case 'run':
      return whyRun(handle, decision, last);
    default:
      return decision satisfies never;
  }
}

/** The same in the form of events. */
export function whyDecided(handle: ItemHandle, decision: Decision, last?: Last): Why {
  return whyOf(explain(handle, decision, last).map(({ text }) => text));
}

/** Reasons in the form of events. */
export function whyOf(reasons: readonly string[]): Why {
  const [reason = 'stale'] = reasons;
  return reasons.length > 1 ? { reason, reasons } : { reason };
}

/** Reads the item's last result. */
export type Last = () => LastRun | undefined;

function lastOf({ cache, item }: ItemHandle): Last {
  return () => cache.state.readLast(item.id);
}

function whyRun(
  handle: ItemHandle,
  decision: Decision & { kind: 'run' },
  readLast: Last,
): Reason[] {
  if (typeof decision.cause === 'object') {
    const { cause } = decision;
    if ('needed' in cause) {
      const text = `${cause.by} needs its temporary out ${cause.needed}`;
      return [{ kind: 'lost', text }];
    }
    const text = `out ${cause.lost} is missing, and its copy in the cache is incomplete`;
    return [{ kind: 'lost', text }];
  }
  const { item, cache, build } = handle;
  const asked = whyAsked(item, decision.cause === 'forced');
  if (asked !== undefined) return [asked];
  const last = readLast();
  const attempt = cache.state.readAttempt(item.id);
  const found = last === undefined ? [] : sinceLast(handle, last, decision.manifest);
  // The item was executed without any result, or with today's inputs and without a result.
  if (attempt !== undefined && (last === undefined || attempt.key === decision.key))
    return [endOf(handle, attempt), ...found];
  if (last !== undefined && found.length === 0) found.push(RECORD_GONE);
  const closer = sinceLocked(build.locked?.(handle), decision, found);
  return closer ?? (found.length > 0 ? found : [NEVER]);
}

const NEVER: Reason = { kind: 'never', text: 'never ran' };
const RECORD_GONE: Reason = { kind: 'lost', text: 'its record is gone from the cache' };
const NOT_CACHED: Reason = { kind: 'lost', text: 'its result is not in the cache' };

function sinceLast(handle: ItemHandle, last: LastRun, manifest: Manifest): Reason[] {
  const { item, build, code } = handle;
  return itemDifferences(handle, last, { manifest, files: code.files }, (name) =>
    matchesThenAndNow(item, name, last, manifest.deps, build.project),
  );
}

/**
 * The differences from the result in pipeline.lock; undefined unless they are fewer than those from the
 * last result, which may be of another variant: the comparison with fewer differences shows the cause.
 */
function sinceLocked(
  locked: LockedResult | undefined,
  { key, manifest }: Decision & { kind: 'run' },
  others: readonly Reason[],
): Reason[] | undefined {
  if (locked?.key === key) return [NOT_CACHED];
  const found = locked?.differencesTo(manifest) ?? [];
  const isCloser = others.length === 0 || found.length < others.length;
  return found.length > 0 && isCloser ? found : undefined;
}

/** Why the item runs regardless of its deps; undefined when the deps decide. */
export function whyAnyway(handle: ItemHandle, last: Last = lastOf(handle)): Reason | undefined {
  const { item, build } = handle;
  const asked = whyAsked(item, build.options.force);
  if (asked !== undefined || last() !== undefined) return asked;
  const attempt = handle.cache.state.readAttempt(item.id);
  if (attempt !== undefined) return endOf(handle, attempt);
  const locked = build.locked?.(handle);
  if (locked === undefined) return NEVER;
  // Its deps decide whether a run uses that result.
  return handle.cache.readRecord(locked.key) || build.foreseen?.has(locked.key)
    ? undefined
    : NOT_CACHED;
}

function whyAsked({ always }: Item, force: boolean): Reason | undefined {
  if (force) return { kind: 'forced', text: 'forced' };
  return always ? { kind: 'always', text: 'always: true' } : undefined;
}

/** How the last execution ended without a result. */
function endOf({ build, item }: ItemHandle, { end, message }: Attempt): Reason {
  if (end === 'failed') return { kind: 'failed', text: `failed last time: ${message}` };
  const owner = itemHolder(build.project, item);
  if (owner !== undefined)
    return { kind: 'running', text: `runs now, pid ${owner.pid}${whereIs(owner)}` };
  const how = end === 'begun' ? 'cut off' : 'interrupted';
  return { kind: 'interrupted', text: `was ${how} last time` };
}

/** The differences between two states of an item, in the words of its definition and code. */
export function itemDifferences(
  { cache, item, code }: ItemHandle,
  before: Evidence,
  now: Evidence,
  matches: Explainer['matches'] = () => undefined,
): Reason[] {
  return differences(before, now, {
    importerOf: (file) => code.importers[file],
    pathOf: (name) => item.deps.find((dep) => dep.name === name)?.path ?? name,
    targetParam: item.epochs?.param,
    listing: (digest) => cache.treeListing(digest),
    matches,
  });
}
