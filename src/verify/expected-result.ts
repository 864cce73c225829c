/** Expected results of an item: from pipeline.lock, else from the record in the cache. */
import type { Digest } from '../cache/objects/digest.js';
import { type BuildContext, handleOf, type ItemHandle, itemAt } from '../decide/build-context.js';
import { explain } from '../decide/explain.js';
import type { Prediction } from '../decide/prediction.js';
import { absentMakers } from '../decide/temp-outs.js';
import { type Diagnostic, UserError } from '../error.js';
import type { LockBlock } from '../lockfile/format/block.js';
import { type LockSection, lockNameOf } from '../lockfile/format/sections.js';
import { chainKey, type Manifest } from '../manifest.js';

export interface Expected {
  readonly key: string;
  readonly manifest: Manifest;
  /** Its name in messages. */
  readonly source: string;
  /** Outs by name; empty if there are only the other runs to compare with. */
  readonly outs: Readonly<Record<string, Digest>>;
  /** Numbers of the lock, by out. */
  readonly metrics: LockBlock['metrics'];
  /** States of a chain, by epoch. */
  readonly states: Readonly<Record<number, Digest>>;
}

/** @param wanted compare only with the records of these epochs */
interface Wanted {
  readonly runs: number;
  readonly epochs: number | undefined;
}

/**
 * @param section of pipeline.lock; the targets are those whose block, if any, has their key
 * @throws UserError that names every item which cannot be executed or compared
 */
export function expectations(
  build: BuildContext,
  found: ReadonlyMap<number, Prediction>,
  section: LockSection | undefined,
  targets: readonly number[],
  wanted: Wanted,
): Map<number, Expected> {
  const mistakes: Diagnostic[] = [];
  const expected = new Map<number, Expected>();
  for (const index of targets) {
    const each = expectedOf(
      handleOf(build, index),
      found.get(index) as Prediction,
      section,
      wanted,
    );
    if ('code' in each) mistakes.push(each);
    else expected.set(index, each);
  }
  if (mistakes.length > 0) throw new UserError(mistakes);
  return expected;
}

function expectedOf(
  handle: ItemHandle,
  outlook: Prediction,
  section: LockSection | undefined,
  { runs, epochs }: Wanted,
): Expected | Diagnostic {
  const { build, item } = handle;
  const mistake = (message: string): Diagnostic => ({
    code: 'not-verifiable',
    message: `${item.id} cannot be verified: ${message}`,
    hint: 'run `pipe run` first',
  });
  if (outlook.kind === 'unknown')
    return mistake(`it needs outs of ${outlook.waitsFor.join(', ')}, which must run first`);
  if (outlook.kind === 'missing') return mistake(explain(handle, outlook)[0]?.text ?? '');
  const gone = absentMakers(build.project, handle.index).map((maker) => itemAt(build, maker).id);
  if (gone.length > 0)
    return {
      ...mistake(`it reads temporary outs of ${gone.join(', ')}, which are gone`),
      hint: `\`pipe run --force ${gone.join(' ')}\` makes them again`,
    };
  const { key } = outlook;
  const manifest = outlook.kind === 'run' ? outlook.manifest : outlook.record.manifest;
  const states = statesOnRecord(handle, manifest);
  const block = section?.get(item.id);
  if (block !== undefined) {
    const outs = Object.entries(block.outs).map(([name, { digest }]) => [name, digest]);
    const source = lockNameOf(build.project);
    const { metrics } = block;
    return {
      key,
      manifest,
      source,
      outs: Object.fromEntries(outs),
      metrics,
      states: { ...states, ...block.epochs?.states },
    };
  }
  const record = outlook.kind === 'run' ? handle.cache.readRecord(key) : outlook.record;
  const outs = Object.fromEntries((record?.outs ?? []).map(({ name, digest }) => [name, digest]));
  const isEmpty = epochs === undefined ? record === undefined : Object.keys(states).length === 0;
  if (isEmpty && runs < 2)
    return mistake(
      `neither ${lockNameOf(build.project)} nor the cache has a result to compare with`,
    );
  const source = isEmpty ? 'its other runs' : 'the record in the cache';
  return { key, manifest, source, outs, metrics: {}, states };
}

function statesOnRecord(handle: ItemHandle, manifest: Manifest): Record<number, Digest> {
  const { epochs } = handle.item;
  if (epochs === undefined) return {};
  const chain = chainKey(manifest, epochs.param);
  const records = handle.cache.chains.readEpochs(chain);
  return Object.fromEntries(records.map(({ epoch, state }) => [epoch, state]));
}
