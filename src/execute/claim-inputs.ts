/** The claim of an item, with its inputs as this run has settled them. */
import type { RecordedOut } from '../cache/records/record.js';
import { decide } from '../decide/decide.js';
import { claimItem, type ItemClaim } from '../decide/locks.js';
import { cacheOf, itemAt, selectedNeeds, type Work } from '../decide/work.js';
import type { Dep, Item } from '../pipeline/plan.js';
import { InputSnapshot } from './input-snapshot.js';
import { clearLeftovers, leftoversIn } from './leftovers.js';

export interface Claimed {
  readonly claim: ItemClaim;
  readonly inputs: InputSnapshot;
}

/**
 * Claims the item's paths, and looks at its inputs anew. Between the end of an item before it and now,
 * another run, of another profile say, may have put other outs there; and other plans may have left
 * outs in a folder that the item reads. Then these are claimed for writing together with the item's
 * own, and this run's outs are put back and the leftovers taken away: no run can come in between.
 */
export async function claimWithInputs(work: Work, index: number): Promise<Claimed> {
  const item = itemAt(work, index);
  const claim = await claimItem(work, item);
  let others: readonly string[];
  try {
    const inputs = InputSnapshot.take(work, index);
    const replaced = await replacedNeeds(work, index, inputs);
    const leftovers = willRun(work, index, inputs) ? leftoversIn(work, item) : [];
    if (replaced.length === 0 && leftovers.length === 0) return { claim, inputs };
    const needed = selectedNeeds(work, index).flatMap((need) => itemAt(work, need).outs);
    others = [...needed, ...leftovers].map((each) => each.path);
  } catch (error) {
    claim.release();
    throw error;
  }
  claim.release();
  const wide = await claimItem(work, item, others);
  try {
    const seen = InputSnapshot.take(work, index);
    for (const out of await replacedNeeds(work, index, seen)) await putBackNeed(work, item, out);
    const claimed = new Set(others);
    const leftovers = leftoversIn(work, item).filter((left) => claimed.has(left.path));
    await clearLeftovers(work, item, leftovers);
    wide.narrow(work, item);
    return { claim: wide, inputs: InputSnapshot.take(work, index) };
  } catch (error) {
    wide.release();
    throw error;
  }
}

/** What is put back, or fresh, finds no leftovers. */
function willRun(work: Work, index: number, inputs: InputSnapshot): boolean {
  const around = { ...work.project, given: (dep: Dep) => inputs.digestOf(dep) };
  const decision = decide(itemAt(work, index), work.codes.of(index), around, work.options.force);
  return decision.kind === 'run';
}

interface NeededOut {
  readonly path: string;
  readonly made: RecordedOut;
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
      const made = settled?.outs.find((each) => each.name === name);
      if (made === undefined) continue;
      const dep = deps.find((each) => each.path === path && !each.glob);
      const now =
        dep === undefined
          ? (await cacheOf(work).scan(path, { again: true }))?.digest
          : inputs.digestOf(dep);
      if (now !== made.digest) replaced.push({ path, made });
    }
  }
  return replaced;
}

async function putBackNeed(work: Work, item: Item, { path, made }: NeededOut): Promise<void> {
  const warn = (message: string) => work.emit({ type: 'warning', item: item.id, message });
  warn(`another run replaced its input ${path}: put back`);
  await cacheOf(work).restore(made, path, { onReplaced: warn });
  cacheOf(work).forget(path);
}
