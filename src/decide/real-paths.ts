/**
 * Resolves names in the plan that lead elsewhere through links, mounts, or a file system that
 * treats two spellings as one name. Edges and overlaps are then found between places, not between
 * texts.
 */
import type { Dirent, Stats } from 'node:fs';
import path from 'node:path';
import type { Cache } from '../cache/cache.js';
import { codeOf, isAbsent } from '../cache/files/file-errors.js';
import { type Followed, MOST_LINKS } from '../cache/scan/link-targets.js';
import { sha256 } from '../canonical.js';
import { getOrMake } from '../lists.js';
import { firstMoved } from '../noop/first-moved.js';
import type { ReadLists, ReadSet } from '../noop/read-set.js';
import { fixedFolder, mayHold, parseGlob } from '../pipeline/glob.js';
import { type IgnoreRules, ignoreRulesOf } from '../pipeline/ignored-files.js';
import type { Dep, Plan } from '../pipeline/plan.js';
import { lastName, parentOf } from '../sys/is-within.js';
import { isOneName } from '../sys/one-name.js';
import { realPlace } from '../sys/real-place.js';
import { OutPlaces } from './out-places.js';
import { foldedNames, Spellings } from './spellings.js';

/**
 * Name → place, for names that lead into an out or to a folder that contains outs. Places are
 * relative to the project, or absolute outside it.
 */
export type Links = Readonly<Record<string, string>>;

/**
 * Reads each folder that the plan names once. Does not follow what items make: it may not exist yet.
 *
 * @param readSet receives everything that the answer depends on
 */
export function linksOf(
  root: string,
  plan: Plan,
  readSet: ReadSet,
  isOne: typeof isOneName = isOneName,
): Links {
  const resolver = new Resolver(root, new Spellings(foldedNames(plan), readSet, isOne), readSet);
  const outs = new OutPlaces();
  for (const item of plan.items)
    for (const out of item.outs) outs.add(out.path, resolver.ofOut(out.path));
  resolver.outs = outs;
  for (const read of plan.reads) if (!read.pattern) resolver.resolve(read.path);
  for (const item of plan.items) {
    if (item.action.kind === 'module') resolver.resolve(item.action.file);
    for (const dep of item.deps) {
      // A dep that an out covers by name contains no user files.
      if (!dep.made || dep.glob || dep.outs !== undefined) resolver.resolveDep(dep);
    }
  }
  const found = outs.concerned(resolver.aliases);
  if (leadApart(found.map(([, place]) => place))) return {};
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface Note {
  readonly links: Links;
  readonly lists: ReadLists;
}

/** In larger projects, validating the note costs as much as resolving again. */
const MOST_LOOKS = 4_000;

/** The same answer, from a note that is valid while its read set is unchanged. */
export async function notedLinks(
  root: string,
  plan: Plan,
  id: string,
  cache: Cache,
): Promise<Links> {
  const name = sha256(JSON.stringify(['links', id, realPlace(root)]));
  const note = cache.state.readKept('plans', name) as Note | undefined;
  let links = note?.links;
  if (links === undefined || (await firstMoved(root, (note as Note).lists)) !== undefined) {
    const readSet = cache.newReadSet();
    links = linksOf(root, plan, readSet);
    const lists = readSet.all;
    if (lists !== undefined && lists.own.paths.length < MOST_LOOKS)
      cache.state.writeKept('plans', name, { links, lists } satisfies Note);
  }
  for (const link of Object.keys(links)) lstatOrNothing(link, cache.readSet);
  return links;
}

/** Places outside the project with one name each, such as a `cache` on another disk. */
function leadApart(places: readonly string[]): boolean {
  if (!places.every((place) => place.startsWith('/'))) return false;
  const sorted = places.map((place) => `${place}/`).sort();
  return sorted.every((place, at) => sorted[at + 1]?.startsWith(place) !== true);
}

/** Above this number of names, one listing of the folder is cheaper than a stat of each. */
const FEW = 16;

/** What is known about a folder before its names are resolved. */
interface Parent {
  readonly name: string;
  readonly place: string;
  /** Number of names resolved in it. */
  asked: number;
  /** Names of all entries other than files; set once many names were resolved. */
  special?: ReadonlySet<string>;
}

class Resolver {
  readonly aliases = new Map<string, string>();
  outs = new OutPlaces();
  readonly #root: string;
  readonly #spellings: Spellings;
  readonly #readSet: ReadSet;
  /** Name → place, of every resolved name. */
  readonly #places = new Map<string, string>([['', '']]);
  /** The first place of each folder, by device and inode. */
  readonly #folders = new Map<string, string>();
  readonly #isFolder = new Set<string>(['']);
  readonly #walked = new Set<string>();
  readonly #parents = new Map<string, Parent>();
  /** The last folder: items in plan order read neighbouring files. */
  #parent: Parent = { name: '', place: '', asked: 0 };

  constructor(root: string, spellings: Spellings, readSet: ReadSet) {
    this.#root = realPlace(root);
    this.#spellings = spellings;
    this.#readSet = readSet;
    const stat = readSet.lstat('.');
    if (stat) this.#folders.set(`${stat.dev}:${stat.ino}`, '');
    for (const name of PROTECTED) spellings.first(this.#root, name);
  }

  /** The item may have made the out itself as a link. */
  ofOut(out: string): string {
    const parent = this.#parentOf(out);
    const direct = parent.place === parent.name ? out : join(parent.place, lastName(out));
    const place = this.#spellings.first(this.#root, direct);
    if (place !== direct) this.aliases.set(out, place);
    return place;
  }

  /** The place of a name; follows links up to the first out. */
  resolve(name: string): string {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const parent = this.#parentOf(name);
    const direct = parent.place === parent.name ? name : join(parent.place, lastName(name));
    const place =
      this.outs.isNamed(name) || this.#isPlain(parent, direct)
        ? direct
        : (this.#behind(direct, { links: 0 }) ?? direct);
    this.#places.set(name, place);
    if (place !== direct) this.aliases.set(name, place);
    return place;
  }

  resolveDep(dep: Dep): void {
    const where = dep.path;
    const ignoreRules = ignoreRulesOf(dep);
    if (!dep.glob) {
      // Most deps of large plans are plain files in one folder.
      if (this.#isPlain(this.#parentOf(where), where) || this.outs.isNamed(where)) return;
      this.resolve(where);
      this.#walk(where, ignoreRules, undefined, []);
      return;
    }
    const id = `${where}\0${ignoreRules.id}`;
    if (this.#walked.has(id)) return;
    this.#walked.add(id);
    const glob = parseGlob(where);
    const folder = fixedFolder(where);
    if (folder !== '') this.resolve(folder);
    // Without `**` the pattern has a fixed depth, so the walk ends in a link cycle too.
    this.#walk(folder, ignoreRules, (at) => mayHold(glob, at), glob.deep ? [] : undefined);
  }

  /** Walks links below a user's folder. `leads`: to the folders that matter; undefined: to all. */
  #walk(
    folder: string,
    ignoreRules: IgnoreRules,
    leads: ((folder: string) => boolean) | undefined,
    inside: readonly string[] | undefined,
  ): void {
    const place = this.resolve(folder);
    if (!this.#isFolder.has(place) || inside?.includes(place) || this.outs.isIn(place)) return;
    if (leads === undefined) {
      const walked = `${folder}\0${ignoreRules.id}`;
      if (this.#walked.has(walked)) return;
      this.#walked.add(walked);
    }
    for (const entry of this.#entriesOf(place)) {
      const isLink = entry.isSymbolicLink();
      if (!isLink && !entry.isDirectory()) continue;
      const name = join(folder, entry.name);
      if (PASSED_OVER.has(name) || this.outs.isNamed(name)) continue;
      if (ignoreRules.holdsBack(name, () => !isLink)) continue;
      if (isLink) this.resolve(name);
      if (leads?.(name) !== false)
        this.#walk(name, ignoreRules, leads, inside && [...inside, place]);
    }
  }

  #parentOf(name: string): Parent {
    const { name: last } = this.#parent;
    const end = Math.max(0, name.lastIndexOf('/'));
    if (last.length === end && name.startsWith(last)) return this.#parent;
    const folder = name.slice(0, end);
    const parent = () => ({ name: folder, place: this.resolve(folder), asked: 0 });
    this.#parent = getOrMake(this.#parents, folder, parent);
    return this.#parent;
  }

  /** Resolves a place that may be a link or have another name; undefined for a link in a circle. */
  #behind(place: string, followed: Followed): string | undefined {
    if (place === '' || this.outs.isIn(place)) return place;
    const spelled = this.#spellings.first(this.#root, place);
    if (spelled !== place) return spelled;
    const stat = lstatOrNothing(place, this.#readSet);
    if (stat?.isSymbolicLink()) {
      if (followed.links++ >= MOST_LINKS) return undefined;
      const folder = parentOf(this.#absolute(place));
      return this.#follow(folder, this.#readSet.linkText(place), followed);
    }
    if (!stat?.isDirectory()) return place;
    const id = `${stat.dev}:${stat.ino}`;
    const first = this.#folders.get(id) ?? place;
    this.#folders.set(id, first);
    this.#isFolder.add(first);
    return first;
  }

  /** True for an entry known to be neither link nor folder; false when it needs a stat. */
  #isPlain(parent: Parent, place: string): boolean {
    if (parent.asked++ < FEW || parent.place !== parent.name) return false;
    if (parent.special === undefined) {
      const entries = this.#entriesOf(parent.place);
      parent.special = new Set(entries.filter((each) => !each.isFile()).map(({ name }) => name));
    }
    if (parent.special.size === 0 && this.#spellings.areOne) return true;
    const name = lastName(place);
    return !parent.special.has(name) && !this.#spellings.mayHaveOther(name);
  }

  /** Name by name, since the target of a link may not exist yet. */
  #follow(from: string, target: string, followed: Followed): string | undefined {
    let at: string | undefined = this.#placeOf(path.isAbsolute(target) ? '/' : from);
    for (const name of target.split('/')) {
      if (name === '' || name === '.') continue;
      const next = name === '..' ? path.dirname(this.#absolute(at)) : join(at, name);
      at = this.#behind(this.#placeOf(next), followed);
      if (at === undefined) break;
    }
    return at;
  }

  /** The folder itself was read before. */
  #entriesOf(place: string): Dirent[] {
    try {
      return this.#readSet.entriesOfRead(place);
    } catch (error) {
      if (isAbsent(error) || codeOf(error) === 'EACCES') return [];
      throw error;
    }
  }

  #absolute(place: string): string {
    return place.startsWith('/') ? place : path.join(this.#root, place);
  }

  /** For an absolute path without links. */
  #placeOf(absolute: string): string {
    if (absolute === this.#root) return '';
    const within = `${this.#root}/`;
    return absolute.startsWith(within) ? absolute.slice(within.length) : absolute;
  }
}

/** Protected from outs, in any spelling. */
const PROTECTED = ['cache', 'node_modules', '.git', 'pipeline.yaml', 'pipeline.lock'];

/** The files that runs write are not inputs. */
const PASSED_OVER: ReadonlySet<string> = new Set(['cache', 'node_modules', '.git']);

function join(folder: string, name: string): string {
  if (folder === '') return name;
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
}

/** The code that reads an inaccessible path reports it. */
function lstatOrNothing(place: string, readSet: ReadSet): Stats | undefined {
  try {
    return readSet.lstat(place);
  } catch (error) {
    if (codeOf(error) !== 'EACCES' && codeOf(error) !== 'ENAMETOOLONG') throw error;
    readSet.recordLstat(place, undefined);
    return undefined;
  }
}
