/** AST of the file: values, with the place of each part. */
import type { Json } from '../../stage/context.js';
import type { Span } from './source-text.js';

export interface AstNode {
  /** Span of the value; for an alias, of the anchor's value. */
  readonly span: Span;
  readonly value: Json;
  /** A number or boolean as written, if that text differs: `007`, `3.10`, `1.0`. */
  readonly text?: string;
  /** Elements of a list. */
  readonly items?: readonly AstNode[];
  /** Members of a map, by key. */
  readonly entries?: ReadonlyMap<string, Entry>;
  /** Number of values in it, including itself, with aliases expanded. */
  readonly size: number;
}

export interface Entry {
  readonly key: Span;
  readonly node: AstNode;
}

/** A value as the user wrote it, else its shortest text. */
export function textOf({ value, text }: Pick<AstNode, 'value' | 'text'>): string {
  return text ?? String(value);
}

export type Path = readonly PropertyKey[];

/** The part at `path`; if that is missing, its innermost existing ancestor. */
export function partAt(root: AstNode, path: Path): AstNode {
  let node = root;
  for (const step of path) {
    const next = child(node, step);
    if (!next) break;
    node = next;
  }
  return node;
}

export function child(node: AstNode, step: PropertyKey): AstNode | undefined {
  if (node.items && typeof step === 'number') return node.items[step];
  return node.entries?.get(String(step))?.node;
}

/** The span to underline for the value at `path`: that of its key if the value is empty. */
export function spanAt(root: AstNode, path: Path): Span {
  const node = partAt(root, path);
  if (node.span.end > node.span.start || path.length === 0) return node.span;
  return keyAt(root, path) ?? node.span;
}

/** The span of the key that ends `path`. */
export function keyAt(root: AstNode, path: Path): Span | undefined {
  const parent = partAt(root, path.slice(0, -1));
  return parent.entries?.get(String(path.at(-1)))?.key;
}
