/** Leftovers in what an item reads: out of the way before its process starts. */
import { rmdirSync } from 'node:fs';
import path from 'node:path';
import { codeOf } from '../cache/files/errors.js';
import { leftoversOf } from '../decide/glob.js';
import type { Work } from '../decide/work.js';
import type { Item, Plan } from '../pipeline/plan.js';

/** What other plans left in a folder that the item reads does not count: the process shall not find it. */
export async function clearLeftovers(work: Work, item: Item): Promise<void> {
  const { project } = work;
  for (const dep of item.deps) {
    for (const left of leftoversOf(dep, project, () => outPathsOf(project.plan))) {
      if (isOfPlan(left, outPathsOf(project.plan))) continue;
      await project.cache.removeOut(left);
      removeEmptyAbove(project.root, left, dep.path);
    }
  }
}

/** An out of today, in one, or a folder with one in it: whatever it looks like, it stays. */
function isOfPlan(where: string, outs: ReadonlySet<string>): boolean {
  for (let at = where; at !== '.'; at = path.posix.dirname(at)) if (outs.has(at)) return true;
  for (const out of outs) if (out.startsWith(`${where}/`)) return true;
  return false;
}

const outPaths = new WeakMap<Plan, ReadonlySet<string>>();

/** Made once for all items of a run. */
function outPathsOf(plan: Plan): ReadonlySet<string> {
  const known = outPaths.get(plan);
  if (known !== undefined) return known;
  const found = new Set(plan.items.flatMap(({ outs }) => outs.map((out) => out.path)));
  outPaths.set(plan, found);
  return found;
}

/** A folder that only held leftovers goes with them. */
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
