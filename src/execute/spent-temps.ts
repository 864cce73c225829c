/** Removes the temporary outs that no item needs any more. */
import { type BuildContext, handleOf, type ItemHandle, itemAt } from '../decide/build-context.js';
import { claimIfFree } from '../decide/locks.js';
import { hasTemps, readersOf } from '../decide/temp-outs.js';

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
