/** The places that names in the plan lead to, through links, mounts and other spellings. */
import type { Dirent, Stats } from 'node:fs';
import path from 'node:path';
import { codeOf, isAbsent } from '../cache/files/file-errors.js';
import { linkMaze } from '../cache/files/refusals.js';
import { type Followed, MOST_LINKS } from '../cache/scan/link-targets.js';
import { getOrMake } from '../lists.js';
import type { ReadSet } from '../noop/read-set.js';
import { fixedFolder, matchGlob, mayHold, parseGlob } from '../pipeline/glob.js';
import { type IgnoreRules, ignoreRulesOf } from '../pipeline/ignored-files.js';
import { leadsBack } from '../pipeline/matches-below.js';
import type { Dep } from '../pipeline/plan.js';
import { isWithin, lastName, parentOf, withFoldersAbove } from '../sys/is-within.js';
import { realPlace } from '../sys/real-place.js';
import { DIRECT, Revisits } from '../sys/revisits.js';
import { OutPlaces } from './out-places.js';
import type { Spellings } from './spellings.js';

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

/** What counts below a folder: nothing, what matches the pattern, or all, because the folder matches. */
type Lead = 'none' | 'some' | 'all';

export class PlaceResolver {
  readonly aliases = new Map<string, string>();
  outs = new OutPlaces();
  readonly #root: string;
  readonly #spellings: Spellings;
  readonly #readSet: ReadSet;
  /** Name → place, of every resolved name. */
  readonly #places = new Map<string, string>([['', '']]);
  /** The first place of each folder, by device and inode. */
  readonly #folders = new Map<string, string>();
  readonly #isFolder = new Set<string>(['', '/']);
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
    // `**` matches files only. At the end of a pattern, it matches all files below.
    const isAll = !glob.deep || /(?:^|\/)\*\*$/.test(where);
    const leads = (at: string): Lead =>
      isAll && matchGlob(glob, at) ? 'all' : mayHold(glob, at) ? 'some' : 'none';
    // Without `**` the pattern has a fixed depth, so the walk ends in a link cycle too.
    this.#walk(folder, ignoreRules, leads, glob.deep ? [] : undefined);
  }

  /**
   * Walks links below a user's folder. `leads`: where a pattern leads; undefined: to all.
   * `inside`: the absolute places of the folders above; undefined for a walk of a fixed depth.
   */
  #walk(
    folder: string,
    ignoreRules: IgnoreRules,
    leads: ((folder: string) => Lead) | undefined,
    inside: readonly string[] | undefined,
    { way, revisits } = { way: DIRECT, revisits: new Revisits() },
  ): void {
    const place = this.resolve(folder);
    if (!this.#isFolder.has(place) || this.outs.isIn(place)) return;
    const absolute = this.#absolute(place);
    if (inside !== undefined && leadsBack(absolute, inside)) return;
    if (this.#isOfProject(folder, absolute, ignoreRules, leads)) return;
    if (leads === undefined) {
      const walked = `${folder}\0${ignoreRules.id}`;
      if (this.#walked.has(walked)) return;
      this.#walked.add(walked);
    }
    const entries = this.#entriesOf(place);
    if (!revisits.allows(way, entries.length)) throw linkMaze(folder);
    for (const entry of entries) {
      const isLink = entry.isSymbolicLink();
      if (!isLink && !entry.isDirectory()) continue;
      const name = join(folder, entry.name);
      if (PASSED_OVER.has(name) || this.outs.isNamed(name)) continue;
      if (ignoreRules.holdsBack(name, () => !isLink)) continue;
      const next = isLink ? revisits.follow(way, this.resolve(name)) : way;
      const lead = leads?.(name) ?? 'all';
      if (lead === 'none') continue;
      const above = inside === undefined && lead === 'all' ? [] : inside && [...inside, absolute];
      const inner = lead === 'all' ? undefined : leads;
      this.#walk(name, ignoreRules, inner, above, { way: next, revisits });
    }
  }

  /**
   * True for a folder outside that contains the project, if all of the project counts. Then every out
   * counts, and the folder, which may be the whole disk, need not be walked.
   */
  #isOfProject(
    folder: string,
    absolute: string,
    ignoreRules: IgnoreRules,
    leads: ((folder: string) => Lead) | undefined,
  ): boolean {
    if (absolute === this.#root || !isWithin(this.#root, absolute)) return false;
    const project = join(folder, path.relative(absolute, this.#root));
    const below = withFoldersAbove(project).filter((each) => each.length > folder.length);
    if (below.some((each) => ignoreRules.holdsBack(each, () => true))) return false;
    if (leads !== undefined && !below.some((each) => leads(each) === 'all')) return false;
    this.aliases.set(project, '');
    return true;
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
    const first = getOrMake(this.#folders, id, () => place);
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
export function lstatOrNothing(place: string, readSet: ReadSet): Stats | undefined {
  try {
    return readSet.lstat(place);
  } catch (error) {
    if (codeOf(error) !== 'EACCES' && codeOf(error) !== 'ENAMETOOLONG') throw error;
    readSet.recordLstat(place, undefined);
    return undefined;
  }
}
