/** `${…}` in a text: parsed once, filled for each item. No expression language: a hole is a name. */
import type { Json } from '../../stage/context.js';
import { type Located, textOf } from '../document/located.js';
import type { Mistake, Problems } from '../document/problems.js';
import type { Source, Span } from '../document/source.js';
import { giver, type Origin } from '../params.js';

/** A text with holes. `$${` stands for a literal `${`. */
export interface Template {
  readonly text: string;
  readonly parts: readonly Part[];
  /** The value that is written; places are looked up in it. */
  readonly node: Located;
}

export type Part = string | Hole;

export interface Hole {
  readonly name: string;
  /** Which `${` of the text it is, escaped ones counted too: to find it in the source. */
  readonly nth: number;
}

export type Scalar = string | number | boolean;

/** A value with the text that it has in the file: a located value, a param. */
export interface Written {
  readonly value: Json;
  readonly text?: string;
  readonly items?: readonly Written[];
}

/** What the name in a hole comes to. */
export type Lookup = (name: string) => Found;
export type Found =
  /** With its `origin` a part of params; without one an axis or a path. */
  | (Written & { readonly origin?: Origin })
  | { readonly mistake: Mistake }
  /** The name would be known if another mistake were mended: say nothing. */
  | 'unknowable';

export function parseTemplate(text: string, node: Located, problems: Problems): Template {
  if (!text.includes('${')) return { text, parts: text === '' ? [] : [text], node };
  const parts: Part[] = [];
  let literal = '';
  let nth = 0;
  let at = 0;
  for (let next = text.indexOf('${'); next >= 0; next = text.indexOf('${', at)) {
    if (text[next - 1] === '$' && next - 1 >= at) {
      literal += `${text.slice(at, next - 1)}\${`;
      at = next + 2;
    } else {
      literal += text.slice(at, next);
      const end = text.indexOf('}', next);
      if (end < 0 || isCutShort(text.slice(next + 2, end)))
        return unclosed(nth, text.slice(next + 2), text, node, problems);
      if (literal !== '') parts.push(literal);
      literal = '';
      parts.push({ name: text.slice(next + 2, end), nth });
      at = end + 1;
    }
    nth += 1;
  }
  literal += text.slice(at);
  if (literal !== '') parts.push(literal);
  return { text, parts, node };
}

/** `deps.raw ${outs.clean`: the brace belongs to the next one. The shell's `X:-${Y` is another thing. */
function isCutShort(name: string): boolean {
  return name.includes('${') && !/^\w+:?[-=+?#%]/.test(name);
}

function unclosed(
  nth: number,
  rest: string,
  text: string,
  node: Located,
  problems: Problems,
): Template {
  const [name] = /^[\p{L}\p{N}_.-]*/u.exec(rest) ?? [''];
  const { start } = holeSpan({ name: '', nth }, node, problems.source);
  const message = `"\${${name}" is not closed`;
  const hint = `put "}" after the name; ${LITERAL}`;
  problems.add({ code: 'bad-template', message, hint }, { start, end: start + 2 + name.length });
  return { text, parts: [], node };
}

const LITERAL = 'for a literal "${" write "$${"';

export function isHole(part: Part): part is Hole {
  return typeof part !== 'string';
}

/** The name of the hole that is all of the text, as in `epochs: ${train.epochs}`. */
export function wholeHole({ parts }: Template): Hole | undefined {
  const [first] = parts;
  return parts.length === 1 && first !== undefined && isHole(first) ? first : undefined;
}

export function holeSpan({ name, nth }: Hole, node: Located, { text }: Source): Span {
  let at = node.span.start - 1;
  for (let seen = 0; seen <= nth; seen++) {
    at = text.indexOf('${', at + 1);
    // Written with escapes ("\x24{"): the value as a whole has to do.
    if (at < 0 || at >= node.span.end) return node.span;
  }
  return { start: at, end: at + name.length + 3 };
}

export function holeValue(
  hole: Hole,
  template: Template,
  lookup: Lookup,
  problems: Problems,
): Json | undefined {
  return holeWritten(hole, template, lookup, problems)?.value;
}

export function holeWritten(
  hole: Hole,
  { node }: Template,
  lookup: Lookup,
  problems: Problems,
): Written | undefined {
  const found = lookup(hole.name);
  if (found === 'unknowable') return undefined;
  if ('value' in found) return found;
  problems.add(found.mistake, holeSpan(hole, node, problems.source));
  return undefined;
}

/** Who gave a param its value, where that is not the file's `params`: for messages about the value. */
export function givenBy(hole: Hole, lookup: Lookup): string {
  const found = lookup(hole.name);
  const origin = typeof found === 'object' && 'value' in found ? found.origin : undefined;
  return origin === undefined || origin.kind === 'file' ? '' : `, set by ${giver(origin)}`;
}

/** The value as it is written, for a hole within a text. `hint`: what to do with a value that is not plain. */
export function holeText(
  hole: Hole,
  template: Template,
  lookup: Lookup,
  problems: Problems,
  hint?: string,
): string | undefined {
  const found = holeWritten(hole, template, lookup, problems);
  if (found === undefined) return undefined;
  const { value } = found;
  if (value !== null && typeof value !== 'object') return textOf(found);
  const kind = value === null ? 'empty' : Array.isArray(value) ? 'a list' : 'a map';
  problems.add(
    {
      code: 'not-a-scalar',
      message: `\${${hole.name}} is ${kind}${givenBy(hole, lookup)}: only a text, a number, true or false can be inserted here`,
      hint,
    },
    holeSpan(hole, template.node, problems.source),
  );
  return undefined;
}

/** The text with its holes filled; undefined after a mistake. `put` changes how a value is put in. */
export function fill(
  template: Template,
  lookup: Lookup,
  problems: Problems,
  put: (value: string, hole: Hole) => string = (value) => value,
): string | undefined {
  let text = '';
  let sound = true;
  for (const part of template.parts) {
    if (!isHole(part)) {
      text += part;
      continue;
    }
    const value = holeText(part, template, lookup, problems);
    if (value === undefined) sound = false;
    else text += put(value, part);
  }
  return sound ? text : undefined;
}
