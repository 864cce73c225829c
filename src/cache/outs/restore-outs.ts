/** Restores outs from objects: keeps matching files, writes differing ones, removes extra ones. */
import { chmodSync, mkdirSync, readdirSync, type Stats, unlinkSync } from 'node:fs';
import path from 'node:path';
import { lstatIfThere } from '../../sys/if-there.js';
import { holdsMount } from '../../sys/mounts.js';
import { codeOf } from '../files/file-errors.js';
import { hashFile } from '../files/hash.js';
import { makeParentOf } from '../files/parent-folder.js';
import { isEmptiedMount, openUp, removeTree } from '../files/remove.js';
import { notDeleted, type Scratch } from '../files/scratch-folder.js';
import { finish, Yielder } from '../files/yielding.js';
import { modeOf, type Permissions } from '../objects/access.js';
import { type Digest, kindOf, nameOf } from '../objects/digest.js';
import type { TreeEntry } from '../objects/tree.js';
import { fileDigest, type Rows, type Scan } from '../scan/rows.js';
import { WORKSPACE_MODES, writeEntry } from './copy-out.js';
import type { SearchParts } from './user-files.js';

interface Parts extends SearchParts {
  readonly scratch: Scratch;
  /** Ends the restore by its reason. What is complete stays. */
  readonly stop?: AbortSignal | undefined;
}

export class OutRestore {
  readonly #parts: Parts;
  readonly #out: string;
  readonly #permissions: Permissions | undefined;
  readonly #pace = new Yielder();
  #hasLinks = false;

  /** `out`: its path in the project. */
  constructor(parts: Parts, out: string, permissions: Permissions | undefined) {
    this.#parts = parts;
    this.#out = out;
    this.#permissions = permissions;
  }

  async restore(digest: Digest): Promise<void> {
    const { scanner, stop } = this.#parts;
    const where = this.#out;
    const now = await finish(scanner.scan(where, { again: true }), stop);
    if (now?.digest === digest && this.#permissions === undefined) return;
    scanner.forget(where);
    makeParentOf(this.#parts.project, where);
    if (kindOf(digest) === 'directory') {
      const scan = await this.#directory(where, digest);
      // Only a scan can follow the links.
      if (!this.#hasLinks) scanner.know(where, scan);
    } else await this.#single(where, digest);
  }

  async #single(where: string, digest: Digest): Promise<void> {
    const { objects, index, stop } = this.#parts;
    const mode = this.#mode(where, digest);
    this.#clear(where);
    const size = objects.wanted(nameOf(digest))?.size ?? 0;
    const stat = await writeEntry(
      objects,
      { digest, size },
      this.#absolute(where),
      WORKSPACE_MODES,
      mode,
      stop,
    );
    if (stat !== undefined) index.setLoose(where, stat, nameOf(digest));
  }

  async #directory(where: string, digest: Digest): Promise<Scan> {
    const entries = this.#parts.objects.tree(nameOf(digest));
    const absolute = this.#absolute(where);
    const mode = this.#mode(where, digest);
    if (lstatIfThere(absolute)?.isDirectory() !== true) {
      this.#clear(where);
      mkdirSync(absolute, mode === undefined ? {} : { mode: mode | 0o700 });
    }
    openUp(absolute);
    const known = this.#parts.index.directory(where);
    const rows = new Map(known?.names.map((name, row) => [name, row]));
    const there = this.#removeOthers(where, entries);
    const written = new Map<string, Stats>();
    for (const entry of entries) {
      if (this.#pace.due()) await this.#pace.rest(this.#parts.stop);
      const place = `${where}/${entry.name}`;
      const before = there.has(entry.name) ? lstatIfThere(this.#absolute(place)) : undefined;
      const stat = await this.#entry(place, entry, before, { known, row: rows.get(entry.name) });
      if (stat !== undefined) written.set(entry.name, stat);
    }
    const scan = this.#remember(where, digest, entries, written);
    if (mode !== undefined) chmodSync(absolute, mode);
    return scan;
  }

  #mode(where: string, digest: Digest): number | undefined {
    return modeOf(this.#permissions, where.slice(this.#out.length + 1), digest);
  }

  /** The stat of a written file whose digest can be remembered. `stat`: of the existing file. */
  async #entry(
    where: string,
    entry: TreeEntry,
    stat: Stats | undefined,
    { known, row }: { readonly known: Rows | undefined; readonly row: number | undefined },
  ): Promise<Stats | undefined> {
    const { objects, stop } = this.#parts;
    if (kindOf(entry.digest) === 'directory') {
      await this.#directory(where, entry.digest);
      return undefined;
    }
    if (kindOf(entry.digest) === 'link') this.#hasLinks = true;
    const absolute = this.#absolute(where);
    const mode = this.#mode(where, entry.digest);
    if (stat !== undefined) {
      const isKnown = row !== undefined && known?.matches(row, stat) === true;
      const digest = isKnown ? known.digestAt(row) : await digestOf(absolute, stat, entry, stop);
      const isAsNoted = mode === undefined || mode === (stat.mode & 0o777);
      if (digest === entry.digest && isAsNoted) return undefined;
      this.#clear(where);
    }
    return writeEntry(objects, entry, absolute, WORKSPACE_MODES, mode, stop);
  }

  /** Returns the names that remain. */
  #removeOthers(where: string, entries: readonly TreeEntry[]): Set<string> {
    const wanted = new Set(entries.map((entry) => entry.name));
    const there = new Set(readdirSync(this.#absolute(where)));
    for (const name of there) {
      if (wanted.has(name)) continue;
      this.#clear(`${where}/${name}`);
      there.delete(name);
    }
    return there;
  }

  /** Moves a directory aside as a whole and deletes it later, because mass deletion slows file creation. */
  #clear(where: string): void {
    removeAside(this.#absolute(where), this.#parts.scratch);
  }

  #remember(
    where: string,
    digest: Digest,
    entries: readonly TreeEntry[],
    written: ReadonlyMap<string, Stats>,
  ): Scan {
    const { index } = this.#parts;
    const rows = index.shaped(where, readdirSync(this.#absolute(where)));
    const byName = new Map(entries.map((entry) => [entry.name, entry]));
    rows.names.forEach((name, row) => {
      const entry = byName.get(name);
      const stat = written.get(name);
      if (entry === undefined) rows.clear(row);
      else if (kindOf(entry.digest) === 'directory') rows.setDirectory(row, entry);
      else if (stat !== undefined) rows.setFile(row, stat, nameOf(entry.digest));
    });
    const scan = sumOf(digest, entries);
    const whole =
      rows.names.length === entries.length &&
      rows.names.every((name, row) => {
        const entry = byName.get(name);
        return entry !== undefined && rows.holds(row, entry.digest);
      });
    rows.self = whole ? scan : undefined;
    index.touch();
    return scan;
  }

  #absolute(where: string): string {
    return path.join(this.#parts.project, where);
  }
}

/** Digest of a file written too recently to be remembered; undefined if it cannot be the entry. */
async function digestOf(
  absolute: string,
  stat: Stats,
  entry: TreeEntry,
  stop: AbortSignal | undefined,
): Promise<Digest | undefined> {
  if (!stat.isFile() || stat.size !== entry.size) return undefined;
  return fileDigest(stat, (await finish(hashFile(absolute), stop)).hex);
}

function sumOf(digest: Digest, entries: readonly TreeEntry[]): Scan {
  let size = 0;
  let files = 0;
  for (const entry of entries) {
    size += entry.size;
    files += entry.files;
  }
  return { digest, size, files };
}

/**
 * Clears a path: deletes a file immediately, moves a directory aside first. Accepts an absent path,
 * and mount points that are empty afterwards: they stay, because what is written there is meant for
 * them. Mounts that cannot be emptied are moved aside with their folder.
 *
 * @throws a system error for an entry that cannot be deleted
 */
export function removeAside(absolute: string, scratch: Scratch): void {
  const stat = lstatIfThere(absolute);
  if (stat === undefined) return;
  if (!stat.isDirectory()) {
    unlinkOwn(absolute);
    return;
  }
  const isMounted = holdsMount(absolute);
  if (!isMounted && scratch.discard(absolute)) return;
  const left = removeTree(absolute);
  if (left === undefined || isEmptiedMount(absolute, left)) return;
  if (isMounted && scratch.discard(absolute)) return;
  throw Object.assign(new Error(notDeleted(left)), { code: 'ENOTDELETED', syscall: 'unlink' });
}

/** Also works in the owner's read-only folder. */
function unlinkOwn(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if (codeOf(error) !== 'EACCES') throw error;
    openUp(path.dirname(file));
    unlinkSync(file);
  }
}
