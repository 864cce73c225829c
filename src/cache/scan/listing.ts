/** A directory listing under construction, on top of the rows that remember its files. */
import type { Stats } from 'node:fs';
import { makeTree, type Tree, type TreeEntry } from '../objects/tree.js';
import { fileDigest, KIND, type Rows, type Scan } from './rows.js';

/**
 * A folder that is not empty but in which nothing counts. Its parent treats it as absent, because a
 * clone does not have it. The digest is not a hash of anything.
 */
export const HOLLOW: Scan = { digest: `d:${'0'.repeat(64)}`, size: 0, files: 0 };

export function isHollow({ digest }: Pick<Scan, 'digest'>): boolean {
  return digest === HOLLOW.digest;
}

export interface HashedNow {
  readonly hex: string;
  readonly size: number;
  /** True if any later change will change the file's stat. */
  readonly settled: boolean;
}

/**
 * Several walks may use the same rows concurrently, each in slices. So the values that this walk
 * has read override the rows, and a changed row immediately invalidates the known digest of the
 * directory.
 */
export class Listing {
  readonly rows: Rows;
  /** What this walk found; null for an entry that is gone. */
  readonly #found = new Map<number, Scan | null>();

  constructor(rows: Rows) {
    this.rows = rows;
  }

  /** The known digest of the directory, if nothing in it has changed. */
  get kept(): Scan | undefined {
    return this.rows.self;
  }

  /** Uses the row as it is now, because it is valid. */
  known(row: number): void {
    const { rows } = this;
    this.#found.set(row, { digest: rows.digestAt(row), size: rows.size[row] as number, files: 1 });
  }

  file(row: number, stat: Stats, { hex, size, settled }: HashedNow): void {
    this.other(row, { digest: fileDigest(stat, hex), size, files: 1 });
    if (settled) this.rows.setFile(row, stat, hex);
  }

  directory(row: number, scan: Scan): void {
    // A row cannot hold the links below it.
    if (scan.links !== undefined) {
      this.other(row, scan);
      return;
    }
    this.#found.set(row, scan);
    if (this.rows.holds(row, scan.digest)) return;
    this.rows.self = undefined;
    this.rows.setDirectory(row, scan);
  }

  /** An entry that a row cannot remember: a link, or a file just written. Null if it is gone. */
  other(row: number, scan: Scan | null): void {
    this.rows.self = undefined;
    this.rows.clear(row);
    this.#found.set(row, scan);
  }

  /** Undefined if another walk has invalidated a row that this one used: the caller must walk again. */
  finish(): { tree?: Tree; scan: Scan } | undefined {
    const { rows } = this;
    const entries: TreeEntry[] = [];
    let remembered = true;
    let hollow = 0;
    for (let row = 0; row < rows.names.length; row++) {
      const found = this.#found.get(row);
      const name = rows.names[row] as string;
      if (found === undefined) {
        if (rows.kind[row] === KIND.none) return undefined;
        entries.push({
          name,
          digest: rows.digestAt(row),
          size: rows.size[row] as number,
          files: 1,
        });
        continue;
      }
      remembered &&= found !== null && rows.holds(row, found.digest);
      if (found === null) continue;
      if (isHollow(found)) hollow += 1;
      else entries.push({ name, ...found });
    }
    if (hollow > 0 && entries.length === 0) {
      rows.self = remembered ? HOLLOW : undefined;
      return { scan: HOLLOW };
    }
    const tree = makeTree(entries);
    const links = [...this.#found.values()].flatMap((found) => found?.links ?? []);
    const scan: Scan = { digest: `d:${tree.hex}`, size: tree.size, files: tree.files };
    rows.self = remembered ? scan : undefined;
    return { tree, scan: links.length === 0 ? scan : { ...scan, links } };
  }
}

/** Each entry by its path in the folder; none is within another. */
export function assemble(entries: ReadonlyMap<string, Scan>, keepTree: (tree: Tree) => void): Scan {
  const direct: TreeEntry[] = [];
  const below = new Map<string, Map<string, Scan>>();
  for (const [path, scan] of entries) {
    const end = path.indexOf('/');
    if (end < 0) direct.push({ name: path, ...scan });
    else {
      const name = path.slice(0, end);
      const inner = below.get(name) ?? new Map<string, Scan>();
      below.set(name, inner.set(path.slice(end + 1), scan));
    }
  }
  for (const [name, inner] of below) direct.push({ name, ...assemble(inner, keepTree) });
  const tree = makeTree(direct);
  keepTree(tree);
  return { digest: `d:${tree.hex}`, size: tree.size, files: tree.files };
}
