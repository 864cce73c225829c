/** A value of the file together with where each part of it is written. */
import type { Json } from '../../stage/context.js';
import type { Span } from './source.js';

export interface Located {
  /** Where the value stands; of an alias where its anchor's value stands. */
  readonly span: Span;
  readonly value: Json;
  /** A number, true or false as it is written, where that is another text: `007`, `3.10`, `1.0`. */
  readonly text?: string;
  /** Parts of a list. */
  readonly items?: readonly Located[];
  /** Parts of a map, by key. */
  readonly entries?: ReadonlyMap<string, Entry>;
  /** Number of values in it, itself included, aliases counted as if written out. */
  readonly size: number;
}

export interface Entry {
  readonly key: Span;
  readonly node: Located;
}

/** A value as people wrote it; of one that they did not write its shortest text. */
export function textOf({ value, text }: Pick<Located, 'value' | 'text'>): string {
  return text ?? String(value);
}

export type Path = readonly PropertyKey[];

/** The part at `path`; where it is missing, the innermost part that is there. */
export function partAt(root: Located, path: Path): Located {
  let node = root;
  for (const step of path) {
    const next = child(node, step);
    if (!next) break;
    node = next;
  }
  return node;
}

export function child(node: Located, step: PropertyKey): Located | undefined {
  if (node.items && typeof step === 'number') return node.items[step];
  return node.entries?.get(String(step))?.node;
}

/** What to underline for the value at `path`: its key where nothing is written behind it. */
export function spanAt(root: Located, path: Path): Span {
  const node = partAt(root, path);
  if (node.span.end > node.span.start || path.length === 0) return node.span;
  return keyAt(root, path) ?? node.span;
}

/** Where the key that ends `path` is written. */
export function keyAt(root: Located, path: Path): Span | undefined {
  const parent = partAt(root, path.slice(0, -1));
  return parent.entries?.get(String(path.at(-1)))?.key;
}
