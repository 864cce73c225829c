/** Claims an item's paths, with the inputs in the state that this run established. */
import { finish } from '../cache/files/pace.js';
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

/** Claims the item's paths, with the outs that it reads through links, and reads its inputs again. */
export async function claimWithInputs(work: Work, index: number): Promise<Claimed> {
  for (let through: readonly string[] = []; ; ) {
    const claimed = await claimOnce(work, index, through);
    const behind = claimed.inputs.behind.map((each) => each.path);
    if (behind.every((each) => through.includes(each))) return claimed;
    claimed.claim.release();
    through = [...new Set([...through, ...behind])];
  }
}

/**
 * Since an upstream item ended, another run (of another profile, say) may have written other outs
 * there, and other plans may have left outs in a folder that the item reads. Then the item claims
 * these for writing too, restores this run's outs and removes the leftovers: no run can come in
 * between.
 */
async function claimOnce(work: Work, index: number, reads: readonly string[]): Promise<Claimed> {
  const item = itemAt(work, index);
  const claim = await claimItem(work, item, { writes: [], reads });
  let writes: readonly string[];
  try {
    const inputs = await InputSnapshot.take(work, index);
    const replaced = await replacedNeeds(work, index, inputs);
    const leftovers = (await willRun(work, index, inputs)) ? await leftoversIn(work, item) : [];
    if (replaced.length === 0 && leftovers.length === 0) return { claim, inputs };
    const needed = needsOf(work, index, inputs).flatMap((need) => itemAt(work, need).outs);
    writes = [...needed, ...leftovers].map((each) => each.path);
  } catch (error) {
    claim.release();
    throw error;
  }
  claim.release();
  const wide = await claimItem(work, item, { writes, reads });
  try {
    const seen = await InputSnapshot.take(work, index);
    const claimed = new Set(writes);
    const isClaimed = (each: { readonly path: string }) => claimed.has(each.path);
    const replaced = await replacedNeeds(work, index, seen);
    for (const out of replaced.filter(isClaimed)) await putBackNeed(work, item, out);
    await clearLeftovers(work, item, (await leftoversIn(work, item)).filter(isClaimed));
    wide.narrow(work, item, reads);
    return { claim: wide, inputs: await InputSnapshot.take(work, index) };
  } catch (error) {
    wide.release();
    throw error;
  }
}

/** Selected items whose outs it reads, also through links in other outs. */
function needsOf(work: Work, index: number, { behind }: InputSnapshot): readonly number[] {
  const through = behind.map((each) => each.item).filter((each) => work.isSelected.has(each));
  return [...new Set([...selectedNeeds(work, index), ...through])];
}

/** A restored or fresh item needs no removal of leftovers. */
async function willRun(work: Work, index: number, inputs: InputSnapshot): Promise<boolean> {
  const around = { ...work.project, given: (dep: Dep) => inputs.digestOf(dep) };
  const { force, interruption } = work.options;
  const deciding = decide(itemAt(work, index), work.codes.of(index), around, force);
  const decision = await finish(deciding, interruption.stop);
  return decision.kind === 'run';
}

interface NeededOut {
  readonly path: string;
  readonly made: RecordedOut;
}

/** Upstream outs that are not what this run found or wrote there. */
async function replacedNeeds(
  work: Work,
  index: number,
  inputs: InputSnapshot,
): Promise<NeededOut[]> {
  const { deps } = itemAt(work, index);
  const replaced: NeededOut[] = [];
  for (const need of needsOf(work, index, inputs)) {
    const settled = work.settled.get(need);
    for (const { name, path } of itemAt(work, need).outs) {
      const made = settled?.outs.find((each) => each.name === name);
      if (made === undefined) continue;
      const dep = deps.find((each) => each.path === path && !each.glob);
      if (dep !== undefined && inputs.digestOf(dep) === made.digest) continue;
      // The digest of a dep with links differs from the out's.
      const now = await cacheOf(work).scan(path, { again: true });
      if (now?.digest !== made.digest) replaced.push({ path, made });
    }
  }
  return replaced;
}

async function putBackNeed(work: Work, item: Item, { path, made }: NeededOut): Promise<void> {
  const warn = (message: string) => work.emit({ type: 'warning', item: item.id, message });
  warn(`another run replaced its input ${path}: restored`);
  await cacheOf(work).restore(made, path, { onReplaced: warn });
  cacheOf(work).forget(path);
}
