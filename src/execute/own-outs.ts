/** How the outs of an item are cleared: what pipe recognises as its own there. */
import type { ClearOptions } from '../cache/workspace-outs.js';
import type { ItemHandle } from '../decide/build-context.js';
import { lockedOuts } from '../lockfile/locked-outs.js';
import { isInGit } from '../process/git.js';

/** Own is what this project last wrote there, and what pipeline.lock names. Warns about user files. */
export function clearOptions(handle: ItemHandle, mayBeLeft = wasKilled(handle)): ClearOptions {
  const { build, item, cache } = handle;
  const { root: folder, env } = build.project;
  const locked = () => lockedOuts(build.project, item.id);
  const last = cache.state.readLast(item.id)?.outs;
  return {
    known: last?.map(({ digest }) => digest) ?? [],
    elsewhere: locked,
    // The lock names the digest of a folder, of which git may track only a part.
    isTracked: async (where, files) =>
      last === undefined && locked().length > 0 && isInGit({ folder, env }, where, files()),
    mayBeLeft,
    onReplaced: (message) => handle.warn(message),
    stop: build.options.interruption.stop,
  };
}

/** True if the last execution of the item neither ended nor was interrupted. */
export function wasKilled({ cache, item }: ItemHandle): boolean {
  return cache.state.readAttempt(item.id)?.end === 'begun';
}
