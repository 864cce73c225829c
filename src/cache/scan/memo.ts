/** Scan results of this run as a tree of paths: forgetting a path only touches nodes above and below. */
import type { Scan } from './rows.js';

interface Node {
  /** Scan result; null if absent; undefined if not scanned. */
  plain: Scan | null | undefined;
  /** The same for user files, by id of the ignore rules. */
  followed: Map<string, Scan | null> | undefined;
  below: Map<string, Node> | undefined;
}

export class Memo {
  #root: Node = emptyNode();
  #age = 0;

  /** Changes when something is forgotten, because a walk that began before may have found old content. */
  get age(): number {
    return this.#age;
  }

  /** `view`: id of the ignore rules; undefined for none. */
  get(path: string, view: string | undefined): Scan | null | undefined {
    let node: Node | undefined = this.#root;
    for (const part of partsOf(path)) {
      node = node.below?.get(part);
      if (node === undefined) return undefined;
    }
    return view === undefined ? node.plain : node.followed?.get(view);
  }

  set(path: string, view: string | undefined, scan: Scan | null): void {
    let node = this.#root;
    for (const part of partsOf(path)) {
      node.below ??= new Map();
      let next = node.below.get(part);
      if (next === undefined) {
        next = emptyNode();
        node.below.set(part, next);
      }
      node = next;
    }
    if (view === undefined) node.plain = scan;
    else {
      node.followed ??= new Map();
      node.followed.set(view, scan);
    }
  }

  /** Discards the results at, above and below the path. */
  forget(path: string): void {
    this.#age++;
    let node: Node = this.#root;
    clear(node);
    const parts = partsOf(path);
    for (let depth = 0; depth < parts.length; depth++) {
      const next = node.below?.get(parts[depth] as string);
      if (next === undefined) return;
      if (depth === parts.length - 1) node.below?.delete(parts[depth] as string);
      clear(next);
      node = next;
    }
    if (parts.length === 0) this.#root = emptyNode();
  }
}

function emptyNode(): Node {
  return { plain: undefined, followed: undefined, below: undefined };
}

function clear(node: Node): void {
  node.plain = undefined;
  node.followed = undefined;
}

function partsOf(path: string): string[] {
  if (path === '' || path === '.') return [];
  return path.includes('/') ? path.split('/') : [path];
}
