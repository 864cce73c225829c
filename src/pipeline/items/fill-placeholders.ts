/** Placeholders `${…}`: a text is parsed once, and filled for each item. A placeholder is a name, not an expression. */
import type { Json } from '../../stage/context.js';
import { type AstNode, textOf } from '../document/ast.js';
import type { Diagnostics, Mistake } from '../document/diagnostics.js';
import type { Source, Span } from '../document/source-text.js';
import { type Origin, setBy } from '../params-tree.js';

/** A text with placeholders. `$${` is a literal `${`. */
export interface Template {
  readonly text: string;
  readonly parts: readonly Part[];
  /** The written value, to find places in it. */
  readonly node: AstNode;
}

type Part = string | Placeholder;

export interface Placeholder {
  readonly name: string;
  /** The index of its `${` in the text, counting escaped ones, to find it in the source. */
  readonly nth: number;
}

export type Scalar = string | number | boolean;

/** A value with its text in the file: a located value or a param. */
export interface Written {
  readonly value: Json;
  readonly text?: string;
  readonly items?: readonly Written[];
}

/** Context to fill placeholders. */
export interface Means {
  readonly lookup: Lookup;
  readonly diagnostics: Diagnostics;
}

/** Resolves the name in a placeholder. */
export type Lookup = (name: string) => Found;
/** With `origin` for a param; without for an axis or a path. `path`: of the entry, if its map has one for each item. */
type Given = Written & { readonly origin?: Origin; readonly path?: string };
export type Found =
  | Given
  | { readonly mistake: Mistake }
  /** Another error hides whether the name is known: report nothing. */
  | 'unknowable';

export function parseTemplate(text: string, node: AstNode, diagnostics: Diagnostics): Template {
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
        return unclosed(nth, text.slice(next + 2), text, node, diagnostics);
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

/** `deps.raw ${outs.clean`: the brace belongs to the next placeholder. The shell's `X:-${Y` is not an error. */
function isCutShort(name: string): boolean {
  return name.includes('${') && !/^\w+:?[-=+?#%]/.test(name);
}

function unclosed(
  nth: number,
  rest: string,
  text: string,
  node: AstNode,
  diagnostics: Diagnostics,
): Template {
  const [name] = /^[\p{L}\p{N}_.-]*/u.exec(rest) ?? [''];
  const { start } = placeholderSpan({ name: '', nth }, node, diagnostics.source);
  const message = `"\${${name}" is not closed`;
  const inner = /^[^\s{}]*\.(\$\{[^\s{}]+\})[^\s{}]*\}/.exec(rest)?.[0].slice(0, -1);
  const hint =
    inner === undefined
      ? `put "}" after the name; ${LITERAL}`
      : `a placeholder cannot contain another one: list "${inner}" under "params:" of the stage, and read the value from the JSON file that PIPE_CONTEXT names`;
  diagnostics.add({ code: 'bad-template', message, hint }, { start, end: start + 2 + name.length });
  return { text, parts: [], node };
}

const LITERAL = 'for a literal "${" write "$${"';

export function isPlaceholder(part: Part): part is Placeholder {
  return typeof part !== 'string';
}

/** The placeholder that is the whole text, as in `epochs: ${train.epochs}`. */
export function wholePlaceholder({ parts }: Template): Placeholder | undefined {
  const [first] = parts;
  return parts.length === 1 && first !== undefined && isPlaceholder(first) ? first : undefined;
}

export function placeholderSpan({ name, nth }: Placeholder, node: AstNode, { text }: Source): Span {
  let at = node.span.start - 1;
  for (let seen = 0; seen <= nth; seen++) {
    at = text.indexOf('${', at + 1);
    // If it is written with escapes ("\x24{"), underline the whole value.
    if (at < 0 || at >= node.span.end) return node.span;
  }
  return { start: at, end: at + name.length + 3 };
}

export function placeholderText(
  placeholder: Placeholder,
  { node }: Template,
  { lookup, diagnostics }: Means,
): Given | undefined {
  const found = lookup(placeholder.name);
  if (found === 'unknowable') return undefined;
  if ('value' in found) return found;
  diagnostics.add(found.mistake, placeholderSpan(placeholder, node, diagnostics.source));
  return undefined;
}

/** For messages: the source of a param's value, if it is not the file's `params`. */
export function givenBy(placeholder: Placeholder, lookup: Lookup): string {
  const found = lookup(placeholder.name);
  return typeof found === 'object' && 'value' in found ? setBy(found.origin) : '';
}

/** The text of a placeholder's value. `hint`: what to do about a value that is not a scalar. */
export function placeholderAsText(
  placeholder: Placeholder,
  template: Template,
  means: Means,
  hint?: string,
): string | undefined {
  const found = placeholderText(placeholder, template, means);
  if (found === undefined) return undefined;
  const { value } = found;
  if (value !== null && typeof value !== 'object') return textOf(found);
  const kind = value === null ? 'empty' : Array.isArray(value) ? 'a list' : 'a map';
  const isSetList = Array.isArray(value) && found.origin?.kind === 'set';
  const message = `\${${placeholder.name}} is ${kind}${setBy(found.origin)}: only a text, a number, true or false can be inserted here`;
  const span = placeholderSpan(placeholder, template.node, means.diagnostics.source);
  const mistake = { code: 'not-a-scalar', message, hint: isSetList ? ONE_VALUE : hint };
  means.diagnostics.add(mistake, span);
  return undefined;
}

const ONE_VALUE = 'run pipe once for each value, or make the param an axis of a matrix';

/** The text with placeholders filled; undefined after an error. `put` maps each value to its text. */
export function fill(
  template: Template,
  means: Means,
  put: (value: string, placeholder: Placeholder) => string = (value) => value,
): string | undefined {
  let text = '';
  let sound = true;
  for (const part of template.parts) {
    if (!isPlaceholder(part)) {
      text += part;
      continue;
    }
    const value = placeholderAsText(part, template, means);
    if (value === undefined) sound = false;
    else text += put(value, part);
  }
  return sound ? text : undefined;
}
