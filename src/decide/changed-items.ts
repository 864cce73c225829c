/** Which items of a build a newer plan changes, after an edit of pipeline.yaml or of a file that it names. */
import { isDeepStrictEqual } from 'node:util';
import { paramsReaders } from '../code/params-readers.js';
import { scriptText, textsOf } from '../code/script-texts.js';
import { oncePerText } from '../lists.js';
import type { Item, Plan } from '../pipeline/plan.js';
import { allNeeds } from '../pipeline/select.js';
import { type BuildContext, itemAt } from './build-context.js';
import { readParamsIn } from './misread-params.js';

/**
 * True for an item whose definition is another one in the newer plan, or that of an item that it
 * needs. A change of order, of descriptions and of other items changes no item.
 *
 * @param edited files of the plan that were written since the build began
 */
export function changedItems(
  build: BuildContext,
  now: Plan,
  edited: ReadonlySet<string>,
): (id: string) => boolean {
  const { plan } = build.project;
  const indices = new Map(plan.items.map(({ id }, index) => [id, index]));
  const newer = new Map(now.items.map((item) => [item.id, item]));
  const readsOther = readingOf(build, now, edited);
  const isOther = oncePerText((id: string) => {
    const index = indices.get(id) as number;
    const [item, then] = [itemAt(build, index), newer.get(id)];
    if (then === undefined) return true;
    if (!isDeepStrictEqual(definitionOf(item, plan), definitionOf(then, now))) return true;
    return readsOther(index, then);
  });
  return (id) => {
    const index = indices.get(id);
    if (index === undefined) return false;
    return [...allNeeds(plan, [index])].some((each) => isOther(itemAt(build, each).id));
  };
}

/** An item without what does not affect its result or its execution: its place in the plan, and its description. */
function definitionOf({ desc: _desc, needs, ...rest }: Item, { items }: Plan) {
  return { ...rest, needs: needs.map((index) => items[index]?.id).sort() };
}

/**
 * True if the command of an item reads other values in a params file than before, or if such a file was
 * written again with its old text: what the command has read in between is not known.
 */
function readingOf(build: BuildContext, now: Plan, edited: ReadonlySet<string>) {
  const { root, plan } = build.project;
  const paramsOf = readParamsIn({ root, plan: now });
  const textOf = oncePerText((file) => scriptText(root, file));
  const digestIn = ({ reads }: Plan, file: string) =>
    reads.find(({ path, pattern }) => path === file && !pattern)?.digest;
  const rewritten = [...edited].filter((file) => {
    const before = digestIn(plan, file);
    return before !== undefined && before === digestIn(now, file);
  });
  return (index: number, { action, params, ...item }: Item): boolean => {
    const code = build.isSelected.has(index) ? build.codes.of(index) : undefined;
    if (code?.kind !== 'command' || action.kind === 'module') return false;
    const own = paramsOf({ ...item, action, params }, action, code.executed);
    if (!isDeepStrictEqual(own, code.ownParams ?? {})) return true;
    if (rewritten.length === 0 || Object.keys(params).length === 0) return false;
    return paramsReaders(root, rewritten, textsOf(action, code.executed, textOf)).size > 0;
  };
}
