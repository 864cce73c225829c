/** Warns about inputs that an earlier pipeline wrote, for example after a stage got another out. */
import path from 'node:path';
import { type Cooperative, finish } from '../cache/files/yielding.js';
import { oncePerText } from '../lists.js';
import { isWithin } from '../sys/is-within.js';
import { type BuildContext, handleOf, itemAt } from './build-context.js';
import { isLeftover } from './parts.js';

/**
 * One warning for each path. In a folder or pattern such files do not count: see parts.ts. A clone
 * has a file that git tracks.
 */
export async function warnOfFormerOuts(build: BuildContext): Promise<void> {
  const { root: folder, env } = build.project;
  for (const [where, index] of await finish(formerOuts(build), build.options.interruption.stop)) {
    const { isTracked } = await import('../process/git.js');
    if (!(await isTracked({ folder, env }, where)))
      handleOf(build, index).warn(
        `its dep ${where} is an out of an earlier pipeline, and no stage writes it now, so a clone will not have it. Correct the path. If the file is an input now, commit it, or move it to another path`,
      );
  }
}

/** The index of an item that reads it, by path. */
function* formerOuts(build: BuildContext): Cooperative<ReadonlyMap<string, number>> {
  const { cache, root } = build.project;
  const found = new Map<string, number>();
  const isNoted = oncePerText(
    (where): boolean => cache.state.wrote(where) !== undefined || isInNoted(where),
  );
  /** Cheap, and false for most folders. */
  const isInNoted = (where: string) => {
    const above = path.posix.dirname(where);
    return above !== '.' && isNoted(above);
  };
  for (const index of build.selected)
    for (const { path: where, made, glob, links } of itemAt(build, index).deps) {
      if (made || glob || links !== undefined || found.has(where)) continue;
      const isOut = isWithin(where, 'cache/out');
      if (!isOut && cache.state.wrote(where) === undefined && !isInNoted(where)) continue;
      if (isOut ? cache.exists(where) : yield* isLeftover(where, { root, cache }))
        found.set(where, index);
    }
  return found;
}
