/** Decides by keys alone whether an item is fresh, to be restored, or to be run. */
import type { Cooperative } from '../cache/files/yielding.js';
import type { RecordedOut, Result, RunRecord } from '../cache/records/record.js';
import { keyOf, type Manifest } from '../manifest.js';
import type { Dep, Item, Out } from '../pipeline/plan.js';
import type { Code } from './code.js';
import { ifReadable } from './file-view.js';
import { type DecisionContext, digestAt, inputsOf } from './fingerprint.js';
import type { Reason } from './reasons.js';

export type Decision =
  /** A record exists for today's key, and the outs on disk match it. */
  | { readonly kind: 'fresh'; readonly key: string; readonly record: Result }
  /** A record exists and its objects are stored; the outs on disk differ. */
  | {
      readonly kind: 'restore';
      readonly key: string;
      readonly record: RunRecord;
      readonly reason: Reason;
    }
  | {
      readonly kind: 'run';
      readonly key: string;
      readonly manifest: Manifest;
      readonly cause: Cause;
    }
  /** A dep is missing. */
  | { readonly kind: 'missing'; readonly deps: readonly Dep[] };

/** Why the item must run, as far as known without comparing manifests. */
type Cause = 'stale' | 'always' | 'forced' | { readonly lost: string };

export function* decide(
  item: Item,
  code: Code,
  context: DecisionContext,
  force: boolean,
): Cooperative<Decision> {
  const inputs = yield* inputsOf(item, code, context);
  if (inputs.kind === 'missing') return { kind: 'missing', deps: inputs.deps };
  const { manifest } = inputs;
  const key = keyOf(manifest);
  if (force) return { kind: 'run', key, manifest, cause: 'forced' };
  if (item.always) return { kind: 'run', key, manifest, cause: 'always' };
  return yield* decideByRecord(item, key, manifest, context);
}

function* decideByRecord(
  item: Item,
  key: string,
  manifest: Manifest,
  context: DecisionContext,
): Cooperative<Decision> {
  const { cache } = context;
  const outs = cache.readOuts(key);
  if (outs === undefined) return { kind: 'run', key, manifest, cause: 'stale' };
  const differing = yield* differingOut(item, outs, context);
  if (differing === undefined) return { kind: 'fresh', key, record: { key, manifest, outs } };
  const record = cache.readRecord(key);
  if (record === undefined) return { kind: 'run', key, manifest, cause: 'stale' };
  const lost = record.outs.find((out) => !cache.hasAll(out.digest));
  if (lost !== undefined) return { kind: 'run', key, manifest, cause: { lost: lost.name } };
  return { kind: 'restore', key, record, reason: outReason(differing.path, context) };
}

/** The first out on disk that differs from the record. */
function* differingOut(
  item: Item,
  outs: readonly RecordedOut[],
  context: DecisionContext,
): Cooperative<Out | undefined> {
  for (const out of item.outs) {
    // Pipe did not create an unreadable file, such as a named pipe: the item makes its out again.
    const digest = yield* ifReadable(digestAt(out.path, context));
    if (digest !== digestOf(outs, out.name)) return out;
  }
  return undefined;
}

function digestOf(outs: readonly RecordedOut[], name: string): string | undefined {
  return outs.find((out) => out.name === name)?.digest;
}

function outReason(path: string, context: DecisionContext): Reason {
  return !context.cache.exists(path)
    ? { kind: 'out', text: `out ${path} is missing` }
    : { kind: 'out', text: `out ${path} differs from its record` };
}
