/** `tolerance`: allowed deviation of numbers in the JSON outs, by out and JSON path pattern. */
import type { AstNode } from '../document/ast.js';
import { suggest } from '../document/suggest.js';
import type { Item, Out } from '../plan.js';
import { fill, type Means, parseTemplate } from './fill-placeholders.js';

type Tolerance = NonNullable<Item['tolerance']>;

/** Accepts names or paths of outs; returns paths. `complete`: all outs are known. */
export function toleranceOf(
  node: AstNode,
  outs: readonly Pick<Out, 'name' | 'path'>[],
  complete: boolean,
  means: Means,
): Tolerance {
  const byPath: Record<string, Record<string, number>> = {};
  for (const [written, { key, node: patterns }] of node.entries ?? []) {
    const template = parseTemplate(
      written,
      { span: key, value: written, size: 1 },
      means.diagnostics,
    );
    const name = fill(template, means);
    if (name === undefined) continue;
    const out = outs.find((each) => each.name === name || each.path === name);
    if (out) byPath[out.path] = patterns.value as Record<string, number>;
    else if (complete) {
      const names = outs.map((each) => each.name);
      const message = `the stage has no out "${name}"`;
      const hint = suggest(name, names, 'outs are');
      means.diagnostics.add({ code: 'unknown-out', message, hint }, key);
    }
  }
  return byPath;
}
