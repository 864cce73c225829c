/** Claims an item's paths, and makes sure that the inputs are as this run found or wrote them. */
import { finish } from '../cache/files/yielding.js';
import type { RecordedOut } from '../cache/records/record.js';
import { handleOf, type ItemHandle, itemAt } from '../decide/build-context.js';
import { decideItem } from '../decide/decide-item.js';
import { claimItem, type ItemClaim } from '../decide/locks.js';
import type { Decision } from '../decide/staleness.js';
import type { Out } from '../pipeline/plan.js';
import { clearLeftovers, leftoversIn } from './clear-leftovers.js';
import { InputSnapshot } from './input-snapshot.js';
import { clearOptions } from './own-outs.js';
import { refuseToReplace } from './protected-outs.js';
import { layRemoved } from './spent-temps.js';

interface Claimed {
  readonly claim: ItemClaim;
  readonly inputs: InputSnapshot;
  /** By these inputs. */
  readonly decision: Decision;
}

/** Claims the item's paths, with the outs that it reads through links, reads its inputs again and decides. */
export async function claimWithInputs(handle: ItemHandle): Promise<Claimed> {
  for (let through: readonly string[] = []; ; ) {
    const claimed = await claimOnce(handle, through);
    const behind = claimed.inputs.behind.map((each) => each.path);
    if (behind.every((each) => through.includes(each))) return claimed;
    claimed.claim.release();
    through = [...new Set([...through, ...behind])];
  }
}

/**
 * After an upstream item ended, another run (for example of another profile) may have written other
 * outs there, and other plans may have left outs in a folder that the item reads. Then the item
 * claims these for writing too, restores this run's outs and removes the leftovers, so that no run
 * can interfere in between.
 */
async function claimOnce(handle: ItemHandle, reads: readonly string[]): Promise<Claimed> {
  const claim = await claimItem(handle, { writes: [], reads });
  let writes: readonly string[];
  try {
    const { inputs, decision } = await look(handle);
    const replaced = await replacedNeeds(handle, inputs);
    // A restored or fresh item does not need leftovers removed.
    const leftovers = decision.kind === 'run' ? await leftoversIn(handle) : [];
    if (replaced.length === 0 && leftovers.length === 0) return { claim, inputs, decision };
    const needed = needsOf(handle, inputs).flatMap((need) => itemAt(handle.build, need).outs);
    writes = [...needed, ...leftovers].map((each) => each.path);
  } catch (error) {
    claim.release();
    throw error;
  }
  claim.release();
  const wide = await claimItem(handle, { writes, reads });
  try {
    const seen = await InputSnapshot.take(handle);
    const claimed = new Set(writes);
    const isClaimed = (each: { readonly path: string }) => claimed.has(each.path);
    const replaced = await replacedNeeds(handle, seen);
    for (const out of replaced.filter(isClaimed)) await restoreNeed(handle, out);
    await clearLeftovers(handle, (await leftoversIn(handle)).filter(isClaimed));
    wide.narrow(handle, reads);
    return { claim: wide, ...(await look(handle)) };
  } catch (error) {
    wide.release();
    throw error;
  }
}

async function look(handle: ItemHandle): Promise<Omit<Claimed, 'claim'>> {
  const inputs = await InputSnapshot.take(handle);
  const decision = await decideBy(handle, inputs);
  const isOpen = decision.kind === 'missing' && (await layRemoved(handle));
  return isOpen ? await look(handle) : { inputs, decision };
}

/** Selected items whose outs it reads, also through links in other outs. */
function needsOf(handle: ItemHandle, { behind }: InputSnapshot): readonly number[] {
  const { build } = handle;
  const through = behind.map((each) => each.item).filter((each) => build.isSelected.has(each));
  return [...new Set([...handle.needs, ...through])];
}

/** Reads the outs again: another run may have changed them during the wait. */
export async function decideBy(handle: ItemHandle, inputs: InputSnapshot): Promise<Decision> {
  const { build, item } = handle;
  for (const out of item.outs) handle.cache.forget(out.path);
  return await finish(decideItem(handle, inputs.context), build.options.interruption.stop);
}

interface NeededOut {
  readonly path: string;
  readonly maker: ItemHandle;
  readonly out: Out;
  readonly made: RecordedOut;
}

/** Upstream outs that differ from what this run found or wrote there. */
async function replacedNeeds(handle: ItemHandle, inputs: InputSnapshot): Promise<NeededOut[]> {
  const { build } = handle;
  const { deps } = handle.item;
  const replaced: NeededOut[] = [];
  for (const need of needsOf(handle, inputs)) {
    const settled = build.settled.get(need);
    const maker = handleOf(build, need);
    for (const out of maker.item.outs) {
      const { name, path } = out;
      const made = settled?.outs.find((each) => each.name === name);
      if (made === undefined || made.temp) continue;
      const dep = deps.find((each) => each.path === path && !each.glob);
      if (dep !== undefined && inputs.digestOf(dep) === made.digest) continue;
      // The digest of a dep with links differs from the out's.
      const now = await handle.cache.scan(path, { again: true });
      if (now?.digest !== made.digest) replaced.push({ path, maker, out, made });
    }
  }
  return replaced;
}

async function restoreNeed(
  handle: ItemHandle,
  { path, maker, out, made }: NeededOut,
): Promise<void> {
  await refuseToReplace(maker, [out], [made]);
  const warn = (message: string) => handle.warn(message);
  warn(`another run replaced its input ${path}: restored`);
  await handle.cache.outs.restore(made, path, { ...clearOptions(maker), onReplaced: warn });
  handle.cache.forget(path);
}
