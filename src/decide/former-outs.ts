/** Warns about inputs that an earlier pipeline wrote, for example after a stage got another out. */
import type { Cooperative } from '../cache/files/yielding.js';
import type { Dep } from '../pipeline/plan.js';
import { isWithin } from '../sys/is-within.js';
import { type BuildContext, selectedItems } from './build-context.js';
import type { FileView } from './file-view.js';
import { isLeftover } from './parts.js';

/** One warning for each path. In a folder or pattern such files do not count: see parts.ts. */
export function* warnOfFormerOuts(build: BuildContext): Cooperative<void> {
  const view = { root: build.project.root, cache: build.project.cache };
  const known = new Set<string>();
  for (const handle of selectedItems(build)) {
    yield undefined;
    for (const dep of handle.item.deps) {
      if (known.has(dep.path)) continue;
      known.add(dep.path);
      if (yield* isFormerOut(dep, view))
        handle.warn(
          `its dep ${dep.path} is an out of an earlier pipeline, and no stage writes it now: it stays as it is, and a clone does not have it. Correct the path, or move the file if it is an input from now on`,
        );
    }
  }
}

function* isFormerOut({ path, made, glob, links }: Dep, view: FileView): Cooperative<boolean> {
  if (made || glob || links !== undefined) return false;
  if (isWithin(path, 'cache/out')) return view.cache.exists(path);
  return yield* isLeftover(path, view);
}
