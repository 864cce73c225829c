/** An axis value with a slash adds a folder level, which the `*` of a pattern does not match. */
import type { Diagnostics } from './document/diagnostics.js';
import type { Linked } from './edges.js';
import { parseGlob } from './glob.js';
import { isPlaceholder } from './items/fill-placeholders.js';
import type { Draft } from './items/item-draft.js';
import { addOut, createOutTree, gather } from './out-tree.js';

/** Refuses patterns that would gather an out if the value in its path were a single name. */
export function refuseMissedSlashes(
  drafts: readonly Draft[],
  linked: readonly Linked[],
  diagnostics: Diagnostics,
): void {
  const tree = createOutTree();
  const values = new Map<number, string>();
  for (const [item, draft] of drafts.entries()) {
    for (const [out, { path }] of draft.item.outs.entries()) {
      const slashed = slashedValue(draft, out);
      if (slashed === undefined) continue;
      values.set(item, slashed);
      addOut(tree, { item, out, path: path.replace(slashed, slashed.replaceAll('/', '-')) });
    }
  }
  if (values.size === 0) return;
  const told = new Set<string>();
  for (const [reader, { deps }] of drafts.entries()) {
    for (const { path, glob, written } of deps) {
      if (!glob || told.has(path)) continue;
      const needs = new Set(linked[reader]!.needs);
      const { owners, holders } = gather(tree, parseGlob(path));
      // A folder need not contain a match, unless the pattern matches in the folders of the stage's
      // other items.
      const gathered = new Set([...needs].map((need) => drafts[need]!.item.stage));
      const missed = owners.find(
        (owner) =>
          owner.item !== reader &&
          !needs.has(owner.item) &&
          (!holders.includes(owner) || gathered.has(drafts[owner.item]!.item.stage)),
      );
      if (missed === undefined) continue;
      told.add(path);
      const { id } = drafts[missed.item]!.item;
      const message = `${path} does not match ${drafts[missed.item]!.item.outs[missed.out]!.path} of ${id}: "*" matches one name, and "${values.get(missed.item)}" has several`;
      const hint = 'write "**" for any folders between, or give the axis values without "/"';
      diagnostics.add({ code: 'missed-slash', message, hint }, written.path.node.span);
    }
  }
}

/** The axis value with a slash in the path of an out. */
function slashedValue({ item, outs }: Draft, out: number): string | undefined {
  return outs[out]!.path.parts.filter(isPlaceholder)
    .map(({ name }) => (Object.hasOwn(item.matrix, name) ? String(item.matrix[name]) : ''))
    .find((value) => value.includes('/') && item.outs[out]!.path.includes(value));
}
