/** Values → YAML in the style of a hand-written file. */
import { type AstNode, textOf } from '../pipeline/document/ast.js';
import { parseValue } from '../pipeline/document/yaml.js';

/** A text that is already YAML: a number as the user wrote it. */
export class Verbatim {
  readonly yaml: string;

  constructor(yaml: string) {
    this.yaml = yaml;
  }
}

export type Tree = string | Verbatim | readonly Tree[] | { readonly [name: string]: Tree };

const WIDTH = 90;

export function treeOf(node: AstNode): Tree {
  if (node.items) return node.items.map(treeOf);
  if (node.entries)
    return Object.fromEntries([...node.entries].map(([key, each]) => [key, treeOf(each.node)]));
  return typeof node.value === 'string' ? node.value : new Verbatim(textOf(node));
}

/** `name: value` and the lines below it. */
export function field(name: string, value: Tree, indent: string): string {
  const key = `${indent}${plainOrQuoted(name, false)}:`;
  if (typeof value === 'string' && value.includes('\n')) return `${key} ${block(value, indent)}`;
  if (typeof value === 'string' || value instanceof Verbatim)
    return `${key} ${scalar(value, false)}`;
  const line = `${key} ${flow(value)}`;
  if (line.length <= WIDTH) return line;
  const below = Array.isArray(value)
    ? value.map((each) => `${indent}  - ${isNested(each) ? flow(each) : scalar(each, false)}`)
    : Object.entries(value).map(([key, each]) => field(key, each, `${indent}  `));
  return [key, ...below].join('\n');
}

function isNested(value: Tree): value is Exclude<Tree, string | Verbatim> {
  return typeof value === 'object' && !(value instanceof Verbatim);
}

function flow(value: Tree): string {
  if (!isNested(value)) return scalar(value, true);
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  const pairs = Object.entries(value).map(
    ([key, each]) => `${plainOrQuoted(key, true)}: ${flow(each)}`,
  );
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}

function scalar(value: string | Verbatim, inFlow: boolean): string {
  return value instanceof Verbatim ? value.yaml : plainOrQuoted(value, inFlow);
}

function plainOrQuoted(text: string, inFlow: boolean): string {
  const isPlain =
    !/[\p{Cc}\u2028\u2029\ufeff]/u.test(text) &&
    !(inFlow && /[,[\]{}]/.test(text)) &&
    !/^[&*!|>%@`'"#[{?-]|: |:$| #/.test(text) &&
    text.trim() === text &&
    isSameText(text);
  if (isPlain) return text;
  const isSingle = text.includes('"') || text.includes('\\');
  if (isSingle && !/[\p{Cc}\u2028\u2029\ufeff]/u.test(text))
    return `'${text.replaceAll("'", "''")}'`;
  return JSON.stringify(text);
}

/** False for a text that YAML reads as a number, boolean or null. */
function isSameText(text: string): boolean {
  const parsed = parseValue(text);
  return !('error' in parsed) && parsed.value === text;
}

/** A text with several lines: a block, if that preserves every character. */
function block(text: string, indent: string): string {
  if (/^\s|[^\S\n]$|\n$|[^\P{Cc}\n\t]/u.test(text)) return JSON.stringify(text);
  const lines = text.split('\n').map((line) => (line === '' ? '' : `${indent}  ${line}`));
  return `|-\n${lines.join('\n')}`;
}

/** Lines of a comment, wrapped at words. */
export function comment(text: string, indent: string): string {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + word.length + indent.length + 3 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => `${indent}# ${line}`).join('\n');
}
