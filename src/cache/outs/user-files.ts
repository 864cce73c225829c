/** Finds user files at an out path: files that pipe did not create and must not delete. */
import { hash } from 'node:crypto';
import { readdirSync, readlinkSync, type Stats } from 'node:fs';
import path from 'node:path';
import { addTo } from '../../lists.js';
import { isPassing, lstatIfThere, namesIn, unlessRefused } from '../../sys/if-there.js';
import { codeOf, UnusableFile, unlessDamaged } from '../files/file-errors.js';
import { hashFile } from '../files/hash.js';
import { isDamaged } from '../files/refusals.js';
import { type Cooperative, finish } from '../files/yielding.js';
import { type Digest, kindOf, nameOf } from '../objects/digest.js';
import { isWhole, type Objects } from '../objects/objects.js';
import { makeTree, type TreeEntry } from '../objects/tree.js';
import { fileDigest, type Rows, type Scan } from '../scan/rows.js';
import type { Scanner } from '../scan/scanner.js';
import type { StatIndex } from '../scan/stat-index.js';

/** How pipe recognises its own files at an out path. */
interface Own {
  /** Digests of what pipe last wrote there, and of what it is about to write there. */
  readonly expected: readonly Digest[];
  /** True for a file that a failed execution left, if it is unchanged since. */
  readonly isLeft: (where: string, stat: Stats) => boolean;
  /** True if a folder need not be complete: its files are recognised one by one. */
  readonly inParts: boolean;
}

export interface SearchParts {
  readonly project: string;
  readonly scanner: Scanner;
  readonly index: StatIndex;
  readonly objects: Objects;
}

/**
 * `own`: created by pipe, or left by a stage. `stored`: its content is in the cache; only the
 * folder around it shows whether pipe put it there. `mixed`: a folder of both.
 */
type Kind = 'empty' | 'own' | 'stored' | 'foreign' | 'mixed';

interface Found extends Pick<Scan, 'size' | 'files'> {
  readonly kind: Kind;
  /** Undefined if the file was not read. */
  readonly digest?: Digest;
  /** Topmost user paths in a mixed folder. */
  readonly foreign: readonly string[];
}

/** Larger files are read only if a recorded file was there: moving is free, hashing may take minutes. */
const WORTH_READING = 64 << 20;

const TURN_EVERY = 64;

/** Searches one out path. Changes no file. */
export class ForeignSearch {
  readonly #parts: SearchParts;
  readonly #own: Own;
  /** Once true, a file that the index does not know counts as the user's without being read. */
  #sawForeign = false;

  constructor(parts: SearchParts, own: Own) {
    this.#parts = parts;
    this.#own = own;
  }

  /** The topmost paths that contain only user files; empty for a recorded result. */
  async find(where: string): Promise<readonly string[]> {
    const stat = lstatIfThere(this.#absolute(where));
    if (stat === undefined) return [];
    const { expected } = this.#own;
    const known = await finish(this.#parts.scanner.indexed(where));
    if (known !== undefined && this.#isRecorded(known.digest)) return [];
    const found = await finish(this.#look(where, stat, this.#looseHex(where, stat), expected));
    if (found.kind === 'foreign') return [where];
    return found.kind === 'mixed' ? found.foreign : [];
  }

  /** True if one of these results is there. Reads files only if it has as many files and bytes. */
  async isAnyOf(results: readonly Scan[], where: string): Promise<boolean> {
    const stat = lstatIfThere(this.#absolute(where));
    if (results.length === 0 || stat === undefined) return false;
    return finish(this.#holds(results, where, stat));
  }

  *#holds(results: readonly Scan[], where: string, stat: Stats): Cooperative<boolean> {
    const { size, files } = yield* this.#measure(where, stat);
    const alike = results.filter((each) => each.size === size && each.files === files);
    if (alike.length === 0) return false;
    try {
      const now = yield* this.#parts.scanner.scan(where, { again: true });
      return alike.some(({ digest }) => digest === now?.digest);
    } catch (error) {
      if (error instanceof UnusableFile) return false;
      throw error;
    }
  }

  *#measure(where: string, stat: Stats): Cooperative<Pick<Scan, 'size' | 'files'>> {
    if (!stat.isDirectory()) return { size: stat.size, files: 1 };
    let [size, files] = [0, 0];
    for (const [at, name] of namesIn(this.#absolute(where)).entries()) {
      if (at % TURN_EVERY === 0) yield undefined;
      const inner = `${where}/${name}`;
      const there = lstatIfThere(this.#absolute(inner));
      const found = there && (yield* this.#measure(inner, there));
      size += found?.size ?? 0;
      files += found?.files ?? 0;
    }
    return { size, files };
  }

  #isRecorded(digest: Digest): boolean {
    if (this.#own.expected.includes(digest)) return true;
    return unlessDamaged(() => isWhole(this.#parts.objects, digest)) ?? false;
  }

  #looseHex(where: string, stat: Stats): string | undefined {
    return stat.isFile() ? this.#parts.index.looseHex(where, stat) : undefined;
  }

  /** `hex`: hash of a file's content, if the index knows it. */
  *#look(
    where: string,
    stat: Stats,
    hex: string | undefined,
    expected: readonly Digest[],
  ): Cooperative<Found> {
    if (stat.isDirectory()) return yield* this.#directory(where, expected);
    const { size } = stat;
    if (this.#own.isLeft(where, stat)) return { kind: 'own', size, files: 1, foreign: [] };
    const digest = yield* this.#digest(where, stat, hex, expected.length > 0);
    const kind = this.#kindOf(digest, size, expected);
    if (kind === 'foreign') this.#sawForeign = true;
    return { kind, ...(digest && { digest }), size, files: 1, foreign: [] };
  }

  #kindOf(digest: Digest | undefined, size: number, expected: readonly Digest[]): Kind {
    if (digest === undefined) return 'foreign';
    if (expected.includes(digest)) return 'own';
    return this.#parts.objects.wanted(nameOf(digest))?.size === size ? 'stored' : 'foreign';
  }

  /** Undefined for a file that cannot be recorded or is not worth reading. */
  *#digest(
    where: string,
    stat: Stats,
    hex: string | undefined,
    isExpected: boolean,
  ): Cooperative<Digest | undefined> {
    const absolute = this.#absolute(where);
    if (stat.isSymbolicLink()) return `l:${hash('sha256', readlinkSync(absolute))}`;
    if (!stat.isFile()) return undefined;
    if (hex !== undefined) return fileDigest(stat, hex);
    if (!isExpected && (this.#sawForeign || stat.size > WORTH_READING)) return undefined;
    try {
      return fileDigest(stat, (yield* hashFile(absolute)).hex);
    } catch (error) {
      if (codeOf(error) === undefined || isPassing(error)) throw error;
      return undefined; // A file that cannot be read is not deleted.
    }
  }

  *#directory(where: string, expected: readonly Digest[]): Cooperative<Found> {
    const names = unlessRefused(() => readdirSync(this.#absolute(where)));
    // A folder that cannot be listed is not deleted. No listing contains a name that is not UTF-8.
    if (names === undefined || names.some(isDamaged)) return FOREIGN;
    const places = this.#placesIn(expected);
    const rows = this.#parts.index.directory(where);
    const rowOf = new Map(rows?.names.map((name, row) => [name, row]));
    const found = new Map<string, Found>();
    for (const [at, name] of names.entries()) {
      if (at % TURN_EVERY === 0) yield undefined;
      const inner = `${where}/${name}`;
      const stat = unlessRefused(() => lstatIfThere(this.#absolute(inner)) ?? GONE);
      if (stat === undefined) return FOREIGN;
      if (stat === GONE) continue;
      const hex = this.#rowHex(rows, rowOf.get(name), stat);
      found.set(name, yield* this.#look(inner, stat, hex, places.get(name) ?? []));
    }
    return this.#folderOf(where, found, expected);
  }

  #rowHex(rows: Rows | undefined, row: number | undefined, stat: Stats): string | undefined {
    const holds =
      row !== undefined && rows?.matches(row, stat) && this.#parts.index.isTrusted(stat);
    return holds ? rows?.hexAt(row as number) : undefined;
  }

  /** Entries of the expected folders, by name. */
  #placesIn(expected: readonly Digest[]): Map<string, Digest[]> {
    const places = new Map<string, Digest[]>();
    for (const digest of expected) {
      if (kindOf(digest) !== 'directory') continue;
      for (const { name, digest: inner } of this.#parts.objects.treeIfThere(nameOf(digest))) {
        addTo(places, name, inner);
      }
    }
    return places;
  }

  /** A folder is recognised by its listing. Otherwise each part must be recognised at its place. */
  #folderOf(where: string, inside: ReadonlyMap<string, Found>, expected: readonly Digest[]): Found {
    const parts = [...inside];
    const listing = listingOf(parts);
    const sum = listing ?? { size: 0, files: 0 };
    const as = (kind: Kind, foreign: readonly string[] = []): Found => ({
      kind,
      ...(listing && { digest: listing.digest }),
      size: sum.size,
      files: sum.files,
      foreign,
    });
    // A link has no content by which to recognise it: the files next to it do.
    const isBeside = ({ digest }: Found) => this.#own.inParts && digest?.startsWith('l:') === true;
    const told = parts.filter(([, part]) => !isBeside(part));
    const kinds = new Set((told.length > 0 ? told : parts).map(([, { kind }]) => kind));
    if (listing !== undefined && expected.includes(listing.digest)) return as('own');
    if (isOnly(kinds, ['empty'])) return as('empty');
    if (isOnly(kinds, ['empty', 'own'])) return as('own');
    const isStored =
      this.#own.inParts ||
      (listing !== undefined && this.#parts.objects.wanted(nameOf(listing.digest)) !== undefined);
    if (isStored && isOnly(kinds, ['empty', 'own', 'stored'])) return as('stored');
    if (isOnly(kinds, ['empty', 'stored', 'foreign'])) return as('foreign');
    const foreign = parts.flatMap(([name, part]) => {
      if (part.kind === 'mixed') return part.foreign;
      return part.kind === 'own' || part.kind === 'empty' ? [] : [`${where}/${name}`];
    });
    return as('mixed', foreign);
  }

  #absolute(where: string): string {
    return path.join(this.#parts.project, where);
  }
}

const GONE = 'gone';

const FOREIGN: Found = { kind: 'foreign', size: 0, files: 0, foreign: [] };

function isOnly(kinds: ReadonlySet<Kind>, allowed: readonly Kind[]): boolean {
  return [...kinds].every((kind) => allowed.includes(kind));
}

/** Undefined if part of the folder was not read. */
function listingOf(parts: readonly (readonly [string, Found])[]): Scan | undefined {
  const entries: TreeEntry[] = [];
  for (const [name, { digest, size, files }] of parts) {
    if (digest === undefined) return undefined;
    entries.push({ name, digest, size, files });
  }
  const { hex, size, files } = makeTree(entries);
  return { digest: `d:${hex}`, size, files };
}
