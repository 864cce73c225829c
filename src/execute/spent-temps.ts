/** Removes the temporary outs that no item needs any more, and notices what another run removed. */
import { finish } from '../cache/files/yielding.js';
import { type BuildContext, handleOf, type ItemHandle, itemAt } from '../decide/build-context.js';
import { decideIfReadable } from '../decide/decide-item.js';
import { claimIfFree } from '../decide/locks.js';
import { absentMakers, hasTemps, readersOf } from '../decide/temp-outs.js';

const NONE: ReadonlySet<number> = new Set();

/**
 * Removes the temporary outs of these items whose readers all have a result of this run. A reader
 * outside the selection may still need them, and so may another run that has locked them.
 *
 * @param making items that are making their outs again right now
 */
export async function removeSpent(
  build: BuildContext,
  makers: Iterable<number>,
  making = NONE,
): Promise<void> {
  if (build.temps === undefined) return;
  for (const maker of makers) {
    if (!hasTemps(itemAt(build, maker)) || making.has(maker) || !isSpent(build, maker, making))
      continue;
    await removeTemps(handleOf(build, maker));
  }
}

function isSpent(build: BuildContext, maker: number, making: ReadonlySet<number>): boolean {
  const readers = readersOf(build.project.plan, maker);
  const isDone = (reader: number) =>
    build.settled.has(reader) && build.done.has(reader) && !making.has(reader);
  return build.settled.has(maker) && readers.length > 0 && readers.every(isDone);
}

async function removeTemps(handle: ItemHandle): Promise<void> {
  const { build, index, item, cache } = handle;
  const there = item.outs.filter(({ path, temp }) => temp && cache.exists(path));
  if (there.length === 0) return;
  const claim = await claimIfFree(handle);
  if (claim === undefined) return;
  try {
    for (const { name, path } of there) {
      const digest = build.settled.get(index)?.outs.find((each) => each.name === name)?.digest;
      const now = await cache.scan(path, { again: true });
      // An edited file belongs to the user.
      if (now === undefined || now.digest !== digest) continue;
      await cache.outs.remove(path, { known: [digest] });
    }
  } finally {
    claim.release();
  }
}

/**
 * True if another run has removed temporary outs that the item reads: then they count as present,
 * because its result may be known without them.
 */
export async function layRemoved({ build, index }: ItemHandle): Promise<boolean> {
  const { temps, project, isSelected, options } = build;
  let isLaid = false;
  for (const maker of temps ? absentMakers(project, index) : []) {
    if (!isSelected.has(maker)) continue;
    const handle = handleOf(build, maker);
    for (const out of handle.item.outs) handle.cache.forget(out.path);
    const decision = await finish(decideIfReadable(handle), options.interruption.stop);
    if (decision !== undefined && temps?.lay(decision)) isLaid = true;
  }
  return isLaid;
}
