/** Removes leftovers from an item's input folders before its process starts. */
import { rmdirSync } from 'node:fs';
import path from 'node:path';
import { codeOf } from '../cache/files/file-errors.js';
import { finish } from '../cache/files/yielding.js';
import type { ItemHandle } from '../decide/build-context.js';
import { leftoversOf } from '../decide/dep-files.js';
import { oncePer } from '../lists.js';
import type { Plan } from '../pipeline/plan.js';

/** Outs of other plans in folders that the item reads. They do not count, so no process must find them. */
export async function leftoversIn({ build, item }: ItemHandle): Promise<Leftover[]> {
  const { project, options } = build;
  const outs = () => outPathsOf(project.plan);
  const found: Leftover[] = [];
  for (const dep of item.deps) {
    const left = await finish(leftoversOf(dep, project, outs), options.interruption.stop);
    for (const each of left)
      if (!isOfPlan(each, outs())) found.push({ path: each, within: dep.path });
  }
  return found;
}

interface Leftover {
  readonly path: string;
  /** The dep that contains it. */
  readonly within: string;
}

/** Called while all of them are claimed. */
export async function clearLeftovers(
  handle: ItemHandle,
  leftovers: readonly Leftover[],
): Promise<void> {
  const onReplaced = (message: string) => handle.warn(message);
  for (const left of leftovers) {
    await handle.cache.outs.remove(left.path, { onReplaced });
    removeEmptyAbove(handle.build.project.root, left.path, left.within);
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

/** Removes folders that only contained leftovers. */
function removeEmptyAbove(root: string, where: string, top: string): void {
  for (let at = path.posix.dirname(where); at.startsWith(`${top}/`); at = path.posix.dirname(at)) {
    try {
      rmdirSync(path.join(root, at));
    } catch (error) {
      if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(codeOf(error) ?? '')) return;
      throw error;
    }
  }
}
