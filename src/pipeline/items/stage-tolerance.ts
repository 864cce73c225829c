/** `tolerance`: allowed deviation of numbers in the JSON outs, by out and JSON path pattern. */
import type { AstNode } from '../document/ast.js';
import { suggest } from '../document/suggest.js';
import type { Item, Out } from '../plan.js';
import { fill, parseTemplate } from './fill-placeholders.js';
import type { Site } from './scope.js';

type Tolerance = NonNullable<Item['tolerance']>;

/** Accepts names or paths of outs; returns paths. `complete`: all outs are known. */
export function toleranceOf(
  node: AstNode,
  outs: readonly Pick<Out, 'name' | 'path'>[],
  complete: boolean,
  { lookup, diagnostics }: Site,
): Tolerance {
  const byPath: Record<string, Record<string, number>> = {};
  for (const [written, { key, node: patterns }] of node.entries ?? []) {
    const template = parseTemplate(written, { span: key, value: written, size: 1 }, diagnostics);
    const name = fill(template, lookup, diagnostics);
    if (name === undefined) continue;
    const out = outs.find((each) => each.name === name || each.path === name);
    if (out) byPath[out.path] = patterns.value as Record<string, number>;
    else if (complete) {
      const hint = suggest(
        name,
        outs.map((each) => each.name),
        'outs are',
      );
      diagnostics.add(
        { code: 'unknown-out', message: `the stage has no out "${name}"`, hint },
        key,
      );
    }
  }
  return byPath;
}
