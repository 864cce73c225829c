/** Removes leftovers from an item's input folders before its process starts. */
import { rmdirSync } from 'node:fs';
import path from 'node:path';
import { finish } from '../cache/files/yielding.js';
import type { ItemHandle } from '../decide/build-context.js';
import { leftoversOf } from '../decide/dep-files.js';
import type { Project } from '../decide/project.js';
import { oncePer } from '../lists.js';
import { fixedFolder } from '../pipeline/glob.js';
import type { Plan } from '../pipeline/plan.js';
import { unless } from '../sys/if-there.js';
import { foldersAbove, isWithin } from '../sys/is-within.js';

/** Outs of other plans in folders that the item reads. They do not count, so no process must find them. */
export async function leftoversIn({ build, item }: ItemHandle): Promise<Leftover[]> {
  const { project, options } = build;
  const outs = () => outPathsOf(project.plan);
  const found: Leftover[] = [];
  for (const dep of item.deps) {
    const left = await finish(leftoversOf(dep, project, outs), options.interruption.stop);
    const within = dep.glob ? fixedFolder(dep.path) : dep.path;
    for (const each of left) if (!isOfPlan(each, outs())) found.push({ path: each, within });
  }
  return found;
}

interface Leftover {
  readonly path: string;
  /** The dep that contains it; for a pattern, the folder in which it begins. */
  readonly within: string;
}

/** Called while all of them are claimed. */
export async function clearLeftovers(
  handle: ItemHandle,
  leftovers: readonly Leftover[],
): Promise<void> {
  const onReplaced = (message: string) => handle.warn(message);
  for (const left of leftovers) {
    await handle.cache.outs.remove(left.path, { isLeftover: true, onReplaced });
    removeEmptyAbove(handle.build.project, left);
  }
}

/** True for an out of the current plan, a path in one, or a folder that contains one: never removed. */
function isOfPlan(where: string, outs: ReadonlySet<string>): boolean {
  for (let at = where; at !== '.'; at = path.posix.dirname(at)) if (outs.has(at)) return true;
  for (const out of outs) if (out.startsWith(`${where}/`)) return true;
  return false;
}

/** Computed once for all items of a run. */
const outPathsOf = oncePer(
  ({ items }: Plan): ReadonlySet<string> =>
    new Set(items.flatMap(({ outs }) => outs.map((out) => out.path))),
);

/** Removes folders that only contained leftovers, unless an item may be about to write there. */
function removeEmptyAbove({ root, plan }: Project, { path: where, within }: Leftover): void {
  for (const at of foldersAbove(where)) {
    const isBelow = within === '' || (at !== within && isWithin(at, within));
    if (!isBelow || isOfPlan(at, outPathsOf(plan))) return;
    const isRemoved = unless(['ENOTEMPTY', 'EEXIST', 'ENOENT'], () => {
      rmdirSync(path.join(root, at));
      return true;
    });
    if (!isRemoved) return;
  }
}
