/** The claim of an item, with its inputs as this run has settled them. */
import type { Digest } from '../cache/objects/digest.js';
import { claimItem, type ItemClaim } from '../decide/locks.js';
import { cacheOf, itemAt, selectedNeeds, type Work } from '../decide/work.js';
import type { Item } from '../pipeline/plan.js';
import { InputSnapshot } from './input-snapshot.js';

export interface Claimed {
  readonly claim: ItemClaim;
  readonly inputs: InputSnapshot;
}

/**
 * Claims the item's paths, and looks at its inputs anew. Between the end of an item before it and now,
 * another run, of another profile say, may have put other outs there. Then these are claimed for
 * writing together with the item's own, and this run's are put back: no run can come in between.
 */
export async function claimWithInputs(work: Work, index: number): Promise<Claimed> {
  const item = itemAt(work, index);
  const claim = await claimItem(work, item);
  try {
    const inputs = await InputSnapshot.take(work, index);
    if ((await replacedNeeds(work, index, inputs)).length === 0) return { claim, inputs };
  } catch (error) {
    claim.release();
    throw error;
  }
  claim.release();
  const needs = selectedNeeds(work, index);
  const wide = await claimItem(
    work,
    item,
    needs.map((need) => itemAt(work, need)),
  );
  try {
    const seen = await InputSnapshot.take(work, index);
    for (const out of await replacedNeeds(work, index, seen)) await putBackNeed(work, item, out);
    wide.narrow(work, item);
    return { claim: wide, inputs: await InputSnapshot.take(work, index) };
  } catch (error) {
    wide.release();
    throw error;
  }
}

interface NeededOut {
  readonly path: string;
  readonly digest: Digest;
}

/** Outs of the items before it that are not what this run found or made there. */
async function replacedNeeds(
  work: Work,
  index: number,
  inputs: InputSnapshot,
): Promise<NeededOut[]> {
  const { deps } = itemAt(work, index);
  const replaced: NeededOut[] = [];
  for (const need of selectedNeeds(work, index)) {
    const settled = work.settled.get(need);
    for (const { name, path } of itemAt(work, need).outs) {
      const digest = settled?.outs.find((each) => each.name === name)?.digest;
      if (digest === undefined) continue;
      const dep = deps.find((each) => each.path === path && !each.glob);
      const now =
        dep === undefined
          ? (await cacheOf(work).scan(path, { again: true }))?.digest
          : inputs.digestOf(dep);
      if (now !== digest) replaced.push({ path, digest });
    }
  }
  return replaced;
}

async function putBackNeed(work: Work, item: Item, { path, digest }: NeededOut): Promise<void> {
  const warn = (message: string) => work.emit({ type: 'warning', item: item.id, message });
  warn(`another run replaced its input ${path}: put back`);
  await cacheOf(work).restore(digest, path, { onReplaced: warn });
  cacheOf(work).forget(path);
}
