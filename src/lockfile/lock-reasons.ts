/** Differences between pipeline.lock and today's pipeline, in the words of `why`. */
import type { BuildContext, ItemHandle } from '../decide/build-context.js';
import { itemDifferences } from '../decide/explain.js';
import type { Reason } from '../decide/reasons.js';
import { epochChoice, type Manifest } from '../manifest.js';
import type { Item } from '../pipeline/plan.js';
import { type LockBlock, lockedParts } from './format/block.js';
import { type LockedProject, lockNameOf } from './format/sections.js';
import { foundLock, lockedItems } from './lock-on-disk.js';

/**
 * The same build, whose reasons compare with pipeline.lock, too.
 *
 * @param read called when a reason needs the file
 */
export function withLock(build: BuildContext, read = foundLock): BuildContext {
  return {
    ...build,
    locked: (handle) => {
      const block = lockedItems(build.project, read)?.get(handle.item.id);
      if (block === undefined) return undefined;
      return {
        key: block.key,
        differencesTo: (manifest) => lockDifferences(handle, block, manifest),
      };
    },
  };
}

/** Why the item's key differs from the locked one; at least one reason. */
export function reasonsAgainst(...compared: Parameters<typeof lockDifferences>): string[] {
  const found = lockDifferences(...compared);
  return found.length > 0 ? found.map(({ text }) => text) : ['its key differs'];
}

export function notLocked(project: LockedProject): string {
  return `not in ${lockNameOf(project)}`;
}

/** That the item's key differs from the locked one, and why. */
export function otherDefinition(handle: ItemHandle, block: LockBlock, manifest: Manifest): string {
  const reasons = inShort(reasonsAgainst(handle, block, manifest));
  return `${lockNameOf(handle.build.project)} has a different definition: ${reasons}`;
}

/** Differences from the locked manifest. */
export function lockDifferences(
  handle: ItemHandle,
  block: LockBlock,
  manifest: Manifest,
): Reason[] {
  const { code, cache } = handle;
  const now = { manifest: { ...manifest, ...lockedParts(manifest) }, files: code.files };
  // The record of the locked result names the changed file, if it still exists.
  const files = cache.readRecord(block.key)?.files ?? code.files;
  return itemDifferences(handle, { manifest: manifestOf(block), files }, now);
}

function manifestOf({ code, params, env, deps, outs, epochs }: LockBlock): Manifest {
  const manifest: Manifest = { format: 1, code, params, env, deps, outs: Object.keys(outs).sort() };
  return epochs === undefined ? manifest : { ...manifest, epochs: epochChoice(epochs) };
}

/** The first reason, and the number of others. */
export function inShort(reasons: readonly string[]): string {
  const more = reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : '';
  return `${reasons[0] ?? 'stale'}${more}`;
}

/** The item's outs whose digest differs from the locked one, by path. */
export function otherOuts(
  item: Item,
  block: LockBlock,
  digestOf: (out: Item['outs'][number]) => string | undefined,
): string[] {
  return item.outs
    .filter((out) => digestOf(out) !== block.outs[out.name]?.digest)
    .map((out) => out.path);
}
