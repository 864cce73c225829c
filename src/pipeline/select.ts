/** Selects items by stage, item or pattern. */
import { type Diagnostic, UserError } from '../error.js';
import { wildcards } from '../wildcards.js';
import { listed, nearest, suggest } from './document/suggest.js';
import type { Plan } from './plan.js';

/**
 * Indices into `plan.items`, in plan order, unique. A target is a stage (`train`), an item
 * (`train@faces`) or a pattern with `*` and `?`: with `@` for items (`train@*`, `*@faces`), without
 * for stages (`tr*`). No targets: all items.
 *
 * @throws UserError with each target that selects nothing
 */
export function select(plan: Plan, targets: readonly string[]): readonly number[] {
  if (targets.length === 0) return plan.items.map((_, index) => index);
  const chosen = new Set<number>();
  const mistakes: Diagnostic[] = [];
  for (const target of new Set(targets)) {
    const found = matching(plan, target);
    for (const index of found) chosen.add(index);
    if (found.length === 0) mistakes.push(unknownTarget(plan, target));
  }
  if (mistakes.length > 0) throw new UserError(mistakes);
  return [...chosen].sort((a, b) => a - b);
}

/** These items and all items that they need, directly or indirectly, in plan order. */
export function withNeeds(plan: Plan, indices: readonly number[]): readonly number[] {
  if (indices.length === plan.items.length) return indices;
  return [...allNeeds(plan, indices)].sort((a, b) => a - b);
}

/** The same in no order. */
export function allNeeds({ items }: Plan, indices: readonly number[]): ReadonlySet<number> {
  const found = new Set(indices);
  // A set also iterates over what is added meanwhile.
  for (const index of found) for (const need of items[index]!.needs) found.add(need);
  return found;
}

function matching({ items }: Plan, target: string): readonly number[] {
  const isWanted = predicate(target);
  const found: number[] = [];
  for (const [index, { id, stage }] of items.entries()) {
    if (isWanted(id, stage)) found.push(index);
  }
  return found;
}

/** True for an item, by its id and stage, that the target names. */
export function predicate(target: string): (id: string, stage: string) => boolean {
  if (!/[*?]/.test(target)) return (id, stage) => id === target || stage === target;
  const matches = wildcards(target);
  return target.includes('@') ? (id) => matches(id) : (_, stage) => matches(stage);
}

function unknownTarget({ items }: Plan, target: string): Diagnostic {
  const stages = [...new Set(items.map(({ stage }) => stage))];
  const code = 'unknown-target';
  if (/[*?]/.test(target)) {
    const hint = suggest(target, stages, 'stages are');
    return { code, message: `no stage or item matches "${target}"`, ...(hint && { hint }) };
  }
  const message = `there is no stage or item "${target}"`;
  const ids = items.map(({ id }) => id);
  const hint =
    (stages.length === 0 ? 'the pipeline has no stages: write one under `stages:`' : undefined) ??
    otherNameHint(items, target) ??
    diffHint(stages, target) ??
    targetHint(ids, stages, target);
  return { code, message, ...(hint !== undefined && { hint }) };
}

const KEY_HINT =
  'if it is the key of a result: `pipe results diff`, `pipe checkout` and `pipe epochs` take keys';

/** Hints for targets of make and Snakemake (files), overrides of Hydra, values without their stage, keys, and "all". */
function otherNameHint(items: Plan['items'], target: string): string | undefined {
  if (target === 'all') return 'to run all stages, give no name';
  if (/^[\w-]+(?:\.[\w-]+)*=/.test(target)) return `a param follows --set: --set ${target}`;
  if (target === 'show') return 'remove "show": the command prints without a subcommand';
  if (/^(?=.*\d)[0-9a-f]{4,64}$/.test(target)) return KEY_HINT;
  const path = target.replace(/^\.\//, '');
  const writer = items.find(({ outs }) => outs.some((out) => out.path === path));
  if (writer !== undefined) return `it is an out: name the item that writes it, ${writer.id}`;
  const item = items.find(({ id }) => valuesOf(id).split(',').includes(target));
  if (item === undefined || !item.id.includes('@')) return undefined;
  return `an item is named by its stage and its values, such as ${item.id}`;
}

/** `pipe metrics dif`. */
function diffHint(stages: readonly string[], target: string): string | undefined {
  if (nearest(target, stages) !== undefined || nearest(target, ['diff']) === undefined)
    return undefined;
  return 'did you mean the subcommand `diff` of metrics, params, plots or results?';
}

function targetHint(
  ids: readonly string[],
  stages: readonly string[],
  target: string,
): string | undefined {
  const [stage, values] = target.split('@', 2);
  if (values === undefined || !stages.includes(stage!)) {
    return suggest(target, values === undefined ? stages : [...stages, ...ids], 'stages are');
  }
  const cells = ids.filter((id) => id.startsWith(`${stage}@`));
  if (cells.length === 0) return `"${stage}" has no matrix: it is a single item`;
  // `evaluate@faces`, where the items are evaluate@faces,double20 …
  if (cells.some((id) => id.startsWith(`${target},`))) return `for all of them: '${target},*'`;
  const near = nearest(values, cells.map(valuesOf));
  return near === undefined ? listed(cells, 'items are') : `did you mean "${stage}@${near}"?`;
}

/** `faces,double20` of `evaluate@faces,double20`. */
function valuesOf(id: string): string {
  return id.slice(id.indexOf('@') + 1);
}
