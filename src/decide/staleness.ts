/** Decides, from keys alone, whether an item is stale and runs, or is fresh, or is restored. */
import type { Cooperative } from '../cache/files/yielding.js';
import type { RecordedOut, Result, RunRecord } from '../cache/records/record.js';
import { keyOf, type Manifest } from '../manifest.js';
import type { Dep, Item, Out } from '../pipeline/plan.js';
import type { Code } from './code.js';
import { ifReadable, scanAt } from './file-view.js';
import { type DecisionContext, inputsOf } from './fingerprint.js';
import type { Reason } from './reasons.js';

export type Decision =
  /** A record exists for today's key, and the outs on disk match it. */
  | ({ readonly kind: 'fresh'; readonly key: string; readonly record: Result } & Gone)
  /** A record exists and its objects are stored; the outs on disk differ. */
  | ({
      readonly kind: 'restore';
      readonly key: string;
      readonly record: RunRecord;
      readonly reason: Reason;
    } & Gone)
  | {
      readonly kind: 'run';
      readonly key: string;
      readonly manifest: Manifest;
      readonly cause: Cause;
    }
  /** A dep is missing. */
  | { readonly kind: 'missing'; readonly deps: readonly Dep[] };

interface Gone {
  /** Temporary outs that are gone. As far as known here, no item that reads them has to run. */
  readonly gone?: readonly Out[];
}

/** Why the item must run, as far as known without comparing manifests. */
type Cause =
  | 'stale'
  | 'always'
  | 'forced'
  | { readonly lost: string }
  /** The path of a temporary out, and the item that reads it. */
  | { readonly needed: string; readonly by: string };

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
  const { differing, gone } = yield* compareOuts(item, outs, context);
  const result = { key, manifest, outs };
  if (differing === undefined) return { kind: 'fresh', key, record: result, ...gone };
  const record = cache.readRecord(key);
  if (record === undefined) return { kind: 'run', key, manifest, cause: 'stale' };
  const lost = record.outs.find(
    (out) => (!out.temp || out.name === differing.name) && !cache.hasAll(out.digest),
  );
  if (lost !== undefined) return { kind: 'run', key, manifest, cause: { lost: lost.name } };
  return { kind: 'restore', key, record, reason: outReason(differing.path, context), ...gone };
}

/** The first out on disk that differs from the record, and the temporary outs that are gone. */
function* compareOuts(
  item: Item,
  outs: readonly RecordedOut[],
  context: DecisionContext,
): Cooperative<{ readonly differing: Out | undefined; readonly gone: Gone }> {
  let differing: Out | undefined;
  const gone: Out[] = [];
  for (const out of item.outs) {
    if (differing !== undefined && !out.temp) continue;
    // Pipe did not create an unreadable file, such as a named pipe, so the item makes its out
    // again.
    const digest = (yield* ifReadable(scanAt(out.path, context)))?.digest;
    if (digest === outs.find(({ name }) => name === out.name)?.digest) continue;
    if (out.temp && digest === undefined && !context.cache.exists(out.path)) gone.push(out);
    else differing ??= out;
  }
  return { differing, gone: gone.length === 0 ? {} : { gone } };
}

function outReason(path: string, context: DecisionContext): Reason {
  return !context.cache.exists(path)
    ? { kind: 'out', text: `out ${path} is missing` }
    : { kind: 'out', text: `out ${path} differs from its record` };
}
