/**
 * Names in the plan that lead elsewhere: through symbolic links, mounts, or a file system for which
 * two spellings are one name. So edges and overlaps are found between places, not between texts.
 */
import {
  type Dirent,
  lstatSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import path from 'node:path';
import { codeOf, isAbsent } from '../cache/files/errors.js';
import type { Looks } from '../cache/scan/looks.js';
import { fixedFolder, mayHold, parseGlob } from '../pipeline/glob.js';
import type { Dep, Item, Plan } from '../pipeline/plan.js';
import { type Sieve, sieveOf } from '../pipeline/sieve.js';

/**
 * Name → place, of the names that lead to a place with outs in it, or into an out. Places are
 * relative to the project, or absolute outside of it.
 */
export type Links = Readonly<Record<string, string>>;

/** Looks at each folder that the plan names once. What items make is not followed: it is not there yet. */
export function linksOf(root: string, plan: Plan, looks: Looks): Links {
  const resolver = new Resolver(root);
  const outs = new Outs();
  for (const item of plan.items)
    for (const out of item.outs) outs.add(out.path, resolver.ofOut(out.path));
  resolver.outs = outs;
  const seen = new Set<string>();
  for (const item of plan.items) {
    if (item.action.kind === 'module') resolver.resolve(item.action.file);
    for (const dep of depsToResolve(item, seen)) resolver.resolveDep(dep);
  }
  const found = outs.concerned(resolver.aliases);
  for (const [name] of found) looks.saw(name, lstatOrNothing(path.join(root, name)));
  if (leadApart(found.map(([, place]) => place))) return {};
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Places outside of the project, each reached by one name, as of a `cache` on another disk: the names will do. */
function leadApart(places: readonly string[]): boolean {
  if (!places.every((place) => place.startsWith('/'))) return false;
  const sorted = places.map((place) => `${place}/`).sort();
  return sorted.every((place, at) => sorted[at + 1]?.startsWith(place) !== true);
}

/** Each path or pattern once. */
function depsToResolve(item: Item, seen: Set<string>): readonly Dep[] {
  return item.deps.filter((dep) => {
    // In an out by its name: nothing of that is the user's.
    if (dep.made && !dep.glob && dep.outs === undefined) return false;
    const id = `${dep.glob ? '*' : '='}${dep.path}\0${dep.exclude?.join('\0') ?? ''}`;
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}

/** The places of outs, and their names. */
class Outs {
  readonly #names = new Set<string>();
  /** Places that are not the names. */
  readonly #elsewhere = new Set<string>();

  add(name: string, place: string): void {
    this.#names.add(name);
    if (place !== name) this.#elsewhere.add(place);
  }

  /** Is it an out, or in one, by its name? */
  isNamed(name: string): boolean {
    return isIn(name, this.#names);
  }

  isIn(place: string): boolean {
    return isIn(place, this.#names) || isIn(place, this.#elsewhere);
  }

  /** Of these, what leads into an out, or to a folder with outs. */
  concerned(aliases: ReadonlyMap<string, string>): [string, string][] {
    if (aliases.size === 0) return [];
    const holders = new Set(['']);
    for (const set of [this.#names, this.#elsewhere])
      for (const place of set)
        for (let at = above(place); !holders.has(at); at = above(at)) holders.add(at);
    return [...aliases].filter(([, place]) => holders.has(place) || this.isIn(place));
  }
}

function isIn(where: string, set: ReadonlySet<string>): boolean {
  if (set.size === 0) return false;
  for (let at = where; at !== ''; at = above(at)) if (set.has(at)) return true;
  return false;
}

function above(where: string): string {
  return where.slice(0, Math.max(0, where.lastIndexOf('/')));
}

function lastName(where: string): string {
  return where.slice(where.lastIndexOf('/') + 1);
}

/** Beyond so many names a folder is listed once, instead of looking at each. */
const FEW = 16;

/** As many links as the system follows. */
const MOST_LINKS = 40;

class Resolver {
  readonly aliases = new Map<string, string>();
  outs = new Outs();
  /** Real path of the project. */
  readonly #root: string;
  /** Name → place, of everything that was looked at. */
  readonly #places = new Map<string, string>([['', '']]);
  /** The first place of each folder, by device and inode. */
  readonly #folders = new Map<string, string>();
  readonly #isFolder = new Set<string>(['']);
  readonly #walked = new Set<string>();
  /** How many names in a folder were asked for. */
  readonly #asked = new Map<string, number>();
  /** Of a folder that many were asked for in: the names that are not those of files. */
  readonly #special = new Map<string, ReadonlySet<string>>();

  constructor(root: string) {
    this.#root = realpathSync(root);
  }

  /** An out that is itself a link may be what an item made. */
  ofOut(out: string): string {
    const folder = above(out);
    const place = this.resolve(folder);
    return place === folder ? out : join(place, lastName(out));
  }

  /** The place of a name; links are followed up to the first out. */
  resolve(name: string): string {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const parent = this.resolve(above(name));
    const direct = join(parent, lastName(name));
    const place = this.outs.isNamed(name) ? direct : this.#behind(direct, 0);
    this.#places.set(name, place);
    if (place !== direct) this.aliases.set(name, place);
    return place;
  }

  resolveDep(dep: Dep): void {
    const sieve = sieveOf(dep);
    if (dep.glob) {
      const glob = parseGlob(dep.path);
      const folder = fixedFolder(dep.path);
      if (folder !== '') this.resolve(folder);
      // Without `**` it ends after as many names as the pattern has, in a circle of links too.
      this.#walk(folder, sieve, (at) => mayHold(glob, at), glob.deep ? [] : undefined);
    } else if (!this.outs.isNamed(dep.path)) {
      this.resolve(dep.path);
      this.#walk(dep.path, sieve, undefined, []);
    }
  }

  /** Links below a folder of the user's. `leads`: to the folders that matter; undefined: to all. */
  #walk(
    folder: string,
    sieve: Sieve,
    leads: ((folder: string) => boolean) | undefined,
    inside: readonly string[] | undefined,
  ): void {
    const place = this.resolve(folder);
    if (!this.#isFolder.has(place) || inside?.includes(place) || this.outs.isIn(place)) return;
    if (leads === undefined) {
      const walked = `${folder}\0${sieve.id}`;
      if (this.#walked.has(walked)) return;
      this.#walked.add(walked);
    }
    for (const entry of entriesOf(this.#absolute(place))) {
      const isLink = entry.isSymbolicLink();
      if (!isLink && !entry.isDirectory()) continue;
      const name = join(folder, entry.name);
      if (PASSED_OVER.has(name) || this.outs.isNamed(name)) continue;
      if (sieve.holdsBack(name, () => !isLink)) continue;
      if (isLink) this.resolve(name);
      if (leads?.(name) !== false) this.#walk(name, sieve, leads, inside && [...inside, place]);
    }
  }

  /** Where a place leads that may be a link, or a folder that has another name. */
  #behind(place: string, links: number): string {
    if (this.outs.isIn(place) || this.#isPlain(place)) return place;
    const absolute = this.#absolute(place);
    const stat = lstatOrNothing(absolute);
    if (stat?.isSymbolicLink() && links < MOST_LINKS)
      return this.#follow(above(absolute), readlinkSync(absolute), links + 1);
    if (!stat?.isDirectory()) return place;
    const id = `${stat.dev}:${stat.ino}`;
    const first = this.#folders.get(id) ?? place;
    this.#folders.set(id, first);
    this.#isFolder.add(first);
    return first;
  }

  /** True of what is known to be neither a link nor a folder; false when it must be looked at. */
  #isPlain(place: string): boolean {
    const folder = above(place);
    const asked = (this.#asked.get(folder) ?? 0) + 1;
    this.#asked.set(folder, asked);
    if (asked <= FEW) return false;
    let special = this.#special.get(folder);
    if (special === undefined) {
      const entries = entriesOf(this.#absolute(folder));
      special = new Set(entries.filter((entry) => !entry.isFile()).map(({ name }) => name));
      this.#special.set(folder, special);
    }
    return !special.has(lastName(place));
  }

  /** Name by name, since what a link leads to need not be there yet. */
  #follow(from: string, target: string, links: number): string {
    let at = this.#placeOf(path.isAbsolute(target) ? '/' : from);
    for (const name of target.split('/')) {
      if (name === '' || name === '.') continue;
      if (name === '..') at = this.#placeOf(path.dirname(this.#absolute(at)));
      else at = this.#behind(join(at, name), links);
    }
    return at;
  }

  #absolute(place: string): string {
    return place.startsWith('/') ? place : path.join(this.#root, place);
  }

  /** Of an absolute path without links. */
  #placeOf(absolute: string): string {
    if (absolute === this.#root) return '';
    const within = `${this.#root}/`;
    return absolute.startsWith(within) ? absolute.slice(within.length) : absolute;
  }
}

/** What runs write is nobody's input. */
const PASSED_OVER: ReadonlySet<string> = new Set(['cache', 'node_modules', '.git']);

function join(folder: string, name: string): string {
  if (folder === '') return name;
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (isAbsent(error) || codeOf(error) === 'EACCES') return [];
    throw error;
  }
}

/** Whoever reads what may not be looked at says so. */
function lstatOrNothing(absolute: string): Stats | undefined {
  try {
    return lstatSync(absolute, { throwIfNoEntry: false });
  } catch (error) {
    if (isAbsent(error) || ['EACCES', 'ELOOP', 'ENAMETOOLONG'].includes(codeOf(error) ?? ''))
      return undefined;
    throw error;
  }
}
