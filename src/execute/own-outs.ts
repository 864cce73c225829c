/** How the outs of an item are cleared: what pipe recognises as its own there. */
import type { ClearOptions } from '../cache/workspace-outs.js';
import type { ItemHandle } from '../decide/build-context.js';
import { lockedOuts } from '../lockfile/locked-outs.js';

/** Own is what this project last wrote there, and what pipeline.lock names. Warns about user files. */
export function clearOptions(handle: ItemHandle): ClearOptions {
  const { build, item, cache } = handle;
  return {
    known: (cache.state.readLast(item.id)?.outs ?? []).map(({ digest }) => digest),
    elsewhere: () => lockedOuts(build.project, item.id),
    onReplaced: (message) => handle.warn(message),
  };
}
