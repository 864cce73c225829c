/** The resolved params as lines: path, value and origin. */
import type { Json } from '../stage/context.js';
import type { Origin, Param } from './params-tree.js';

export interface ParamLine {
  readonly path: string;
  readonly value: Json;
  /** `pipeline.yaml:3`, `profile paper, pipeline.yaml:9`, `--set a.b=3`. */
  readonly origin: string;
}

/** A line for each value except maps with members; in tree order. */
export function paramLines(tree: Param, prefix = ''): readonly ParamLine[] {
  const lines: ParamLine[] = [];
  for (const [name, param] of tree.parts ?? []) {
    const path = prefix + name;
    if (param.parts && param.parts.size > 0) lines.push(...paramLines(param, `${path}.`));
    else lines.push({ path, value: param.value, origin: originText(param.origin) });
  }
  return lines;
}

function originText(origin: Origin): string {
  switch (origin.kind) {
    case 'file':
      return `${origin.file}:${origin.line}`;
    case 'profile':
      return `profile ${origin.name}, ${origin.file}:${origin.line}`;
    case 'set':
      return `--set ${origin.text}`;
    default:
      return origin satisfies never;
  }
}
