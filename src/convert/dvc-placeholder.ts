/** DVC's `${…}` in a text: the paths of its values. */
import type { AstNode } from '../pipeline/document/ast.js';
import { Untranslatable } from './translation-note.js';

/** Literal text, or the path of a value: `${item.sizes[0]}` is item, sizes, 0. */
export type Piece = string | { readonly path: readonly string[]; readonly written: string };

const PLACEHOLDER = /(?<!\\)\$\{(.*?)\}/g;

/** A backslash makes `${` literal, and is dropped. */
export function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  const literal = (part: string) => {
    if (part !== '') pieces.push(part.replaceAll('\\${', '${'));
  };
  let end = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    literal(text.slice(end, match.index));
    pieces.push({ path: stepsIn(match[1]!), written: match[0] });
    end = match.index + match[0].length;
  }
  literal(text.slice(end));
  return pieces;
}

/** `layers[0].size` → layers, 0, size. */
export function stepsIn(written: string): readonly string[] {
  return written.trim().replaceAll('[', '.').replaceAll(']', '').split('.');
}

/** The path, if the text is exactly one placeholder. */
export function wholePath(text: string): readonly string[] | undefined {
  const [first, ...rest] = piecesOf(text);
  return typeof first === 'object' && rest.length === 0 ? first.path : undefined;
}

/** Every path in the texts of `node`, including keys of maps. */
export function pathsIn(node: AstNode): readonly (readonly string[])[] {
  const own = typeof node.value === 'string' ? pathsInText(node.value) : [];
  const items = (node.items ?? []).flatMap(pathsIn);
  const entries = [...(node.entries ?? [])].flatMap(([key, entry]) => [
    ...pathsInText(key),
    ...pathsIn(entry.node),
  ]);
  return [...own, ...items, ...entries];
}

function pathsInText(text: string): readonly (readonly string[])[] {
  return piecesOf(text).flatMap((piece) => (typeof piece === 'string' ? [] : [piece.path]));
}

/** The value at a path; a numeric name is an index into a list. */
export function valueAt(root: AstNode, path: readonly string[]): AstNode | undefined {
  let node: AstNode | undefined = root;
  for (const name of path) node = node?.items?.[Number(name)] ?? node?.entries?.get(name)?.node;
  return node;
}

export function isScalar({ value }: AstNode): boolean {
  return value !== null && typeof value !== 'object';
}

export function textIn(node: AstNode): string {
  if (!isScalar(node)) throw new Untranslatable(`it has ${kindOf(node)} where DVC takes a text`);
  return String(node.value);
}

function kindOf({ value, items }: AstNode): string {
  return items ? 'a list' : value === null ? 'nothing' : 'a map';
}
