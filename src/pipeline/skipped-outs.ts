/** Outs that a pattern skips because the value in their path is written as `.5`. */
import { createDiagnostics, type Diagnostics } from './document/diagnostics.js';
import { type Around, type Linked, linkItems } from './edges.js';
import type { Draft } from './items/item-draft.js';

/** The dot at the start of a name such as `.5.json`. */
const BARE_DOT = /(?<=^|\/)\.(?=\d)/g;

const withZero = (path: string) => path.replace(BARE_DOT, '0.');

/** A warning for each pattern that would find such an out if its value were written as `0.5`. */
export function skippedOuts(
  drafts: readonly Draft[],
  linked: readonly Linked[],
  { source }: Diagnostics,
  around: Around,
): string[] {
  const written = (draft: Draft) =>
    draft.item.outs.map((out) => ({ ...out, path: withZero(out.path) }));
  const dotted = (draft: Draft) =>
    draft.item.outs.find(({ path }) => withZero(path) !== path)?.path;
  if (!drafts.some(dotted)) return [];
  const renamed = drafts.map((draft) => ({
    ...draft,
    item: { ...draft.item, outs: written(draft) },
  }));
  // Mistakes in these drafts are nobody's.
  const found = linkItems(renamed, createDiagnostics(source), around);
  const warnings = new Map<string, string>();
  for (const [index, { via, deps }] of found.entries()) {
    for (const [need, number] of via) {
      const out = dotted(drafts[need]!);
      const dep = deps[number]!;
      if (out === undefined || !dep.glob || linked[index]!.via.has(need)) continue;
      const { stage } = drafts[index]!.item;
      const key = `${stage} ${dep.path}`;
      if (!warnings.has(key)) warnings.set(key, warningOf(stage, dep.path, out));
    }
  }
  return [...warnings.values()];
}

function warningOf(stage: string, pattern: string, out: string): string {
  const value = `0${/(?<=^|\/)\.\d+/.exec(out)?.[0]}`;
  return `stage "${stage}": the pattern "${pattern}" skips the out "${out}", whose name begins with a dot: write the value as ${value}, or text before it in the path`;
}
