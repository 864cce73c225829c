/** How the outs of an item are cleared: what pipe recognises as its own there. */
import type { LastRun } from '../cache/cache.js';
import type { ClearOptions } from '../cache/workspace-outs.js';
import type { ItemHandle } from '../decide/build-context.js';
import { lockedOuts } from '../lockfile/locked-outs.js';
import { isInGit } from '../process/git.js';

/** Own is what this project last wrote there, and what pipeline.lock names. Warns about user files. */
export function clearOptions(handle: ItemHandle, earlier = earlierOf(handle)): ClearOptions {
  const { build, item } = handle;
  const { mayBeLeft, last } = earlier;
  const { root: folder, env } = build.project;
  const locked = () => lockedOuts(build.project, item.id);
  return {
    known: last?.outs.map(({ digest }) => digest) ?? [],
    elsewhere: locked,
    // The lock names the digest of a folder, of which git may track only a part.
    isTracked: async (where, files) =>
      last === undefined && locked().length > 0 && isInGit({ folder, env }, where, files()),
    mayBeLeft,
    onReplaced: (message) => handle.warn(message),
    stop: build.options.interruption.stop,
  };
}

/** What is known of earlier executions of the item in this project. */
export interface Earlier {
  readonly last: LastRun | undefined;
  /** The last execution neither ended nor was interrupted, and may have left files at the outs. */
  readonly mayBeLeft: boolean;
}

export function earlierOf({ cache: { state }, item }: ItemHandle): Earlier {
  return {
    last: state.readLast(item.id),
    mayBeLeft: state.readAttempt(item.id)?.end === 'begun',
  };
}
