/** Rows of the stat index for the files of one directory, in typed-array columns. */
import type { Stats } from 'node:fs';
import type { Digest } from '../objects/digest.js';
import type { TreeEntry } from '../objects/tree.js';

/** The first character of a digest as a number; 0 when unknown. */
export const KIND = { none: 0, file: 102, executable: 120, directory: 100 } as const;

/** The result of scanning a path. */
export interface Scan extends Omit<TreeEntry, 'name'> {
  /**
   * Paths of the links in it; in a scan that follows links, only those that lead out of it. Absent
   * if none.
   */
  readonly links?: readonly string[];
}

/** The columns of doubles, in the order of the file. */
export const DOUBLES = ['size', 'mtime', 'ctime', 'ino'] as const;

interface Columns {
  readonly kind: Uint8Array;
  /** For a directory, the bytes of all its files. */
  readonly size: Float64Array;
  /** For a directory, the number of its files. */
  readonly mtime: Float64Array;
  readonly ctime: Float64Array;
  readonly ino: Float64Array;
  /** 32 bytes a row. */
  readonly hash: Buffer;
}

export class Rows implements Columns {
  /** In the directory's order, so that an unchanged directory can be compared without sorting. */
  readonly names: readonly string[];
  readonly kind: Uint8Array;
  readonly size: Float64Array;
  readonly mtime: Float64Array;
  readonly ctime: Float64Array;
  readonly ino: Float64Array;
  readonly hash: Buffer;
  /** The directory itself, if every row is known and no entry is a link. */
  self: Scan | undefined;
  /** Day of last use, in days since 1970. */
  day: number;

  constructor(names: readonly string[], day: number, columns?: Columns, self?: Scan) {
    const count = names.length;
    this.names = names;
    this.day = day;
    this.self = self;
    this.kind = columns?.kind ?? new Uint8Array(count);
    this.size = columns?.size ?? new Float64Array(count);
    this.mtime = columns?.mtime ?? new Float64Array(count);
    this.ctime = columns?.ctime ?? new Float64Array(count);
    this.ino = columns?.ino ?? new Float64Array(count);
    this.hash = columns?.hash ?? Buffer.alloc(count * 32);
  }

  /** True if the stat of the file matches the one of the digest in this row. */
  matches(row: number, stat: Stats): boolean {
    return (
      this.mtime[row] === stat.mtimeMs &&
      this.ctime[row] === stat.ctimeMs &&
      this.size[row] === stat.size &&
      this.ino[row] === stat.ino &&
      this.kind[row] === fileKind(stat)
    );
  }

  hexAt(row: number): string {
    return this.hash.toString('hex', row * 32, row * 32 + 32);
  }

  digestAt(row: number): Digest {
    return `${String.fromCharCode(this.kind[row] as number) as 'f'}:${this.hexAt(row)}`;
  }

  setFile(row: number, stat: Stats, hex: string): void {
    this.kind[row] = fileKind(stat);
    this.size[row] = stat.size;
    this.mtime[row] = stat.mtimeMs;
    this.ctime[row] = stat.ctimeMs;
    this.ino[row] = stat.ino;
    this.hash.write(hex, row * 32, 'hex');
  }

  setDirectory(row: number, scan: Scan): void {
    this.kind[row] = KIND.directory;
    this.size[row] = scan.size;
    this.mtime[row] = scan.files;
    this.ctime[row] = 0;
    this.ino[row] = 0;
    this.hash.write(scan.digest.slice(2), row * 32, 'hex');
  }

  holds(row: number, digest: Digest): boolean {
    return this.kind[row] === digest.charCodeAt(0) && this.hexAt(row) === digest.slice(2);
  }

  clear(row: number): void {
    this.kind[row] = KIND.none;
  }

  /** The rows for another listing: names that exist already keep their row. */
  reshaped(names: readonly string[], day: number): Rows {
    const rows = new Rows(names, day);
    const from = new Map(this.names.map((name, row) => [name, row]));
    for (let row = 0; row < names.length; row++) {
      const old = from.get(names[row] as string);
      if (old !== undefined) rows.#copy(row, this, old);
    }
    return rows;
  }

  #copy(row: number, from: Rows, old: number): void {
    this.kind[row] = from.kind[old] as number;
    for (const column of DOUBLES) this[column][row] = from[column][old] as number;
    from.hash.copy(this.hash, row * 32, old * 32, old * 32 + 32);
  }
}

/** As in git, a file is executable if its owner may execute it. */
export function fileKind(stat: Stats): number {
  return (stat.mode & 0o100) === 0 ? KIND.file : KIND.executable;
}

export function fileDigest(stat: Stats, hex: string): Digest {
  return (stat.mode & 0o100) === 0 ? `f:${hex}` : `x:${hex}`;
}
