/**
 * The parts of a folder that count for a dep: outs of today's plan, and the user's files. Leftovers
 * of other profiles, plans or branches do not count, so that a fresh clone and a used workspace
 * agree.
 */
import type { Dirent } from 'node:fs';
import path from 'node:path';
import type { Cache, Scan, ScanOptions } from '../cache/cache.js';
import { isAbsent } from '../cache/files/file-errors.js';
import { explained, isDamaged, refuseBadNames } from '../cache/files/refusals.js';
import type { Cooperative } from '../cache/files/yielding.js';
import { type Digest, kindOf } from '../cache/objects/digest.js';
import type { Wrote } from '../cache/records/written.js';
import { firstIndex } from '../lists.js';
import {
  type IgnoreRules,
  ignoreRulesOf,
  ignoreRulesOfMade,
  isHeldBack,
} from '../pipeline/ignored-files.js';
import { type Tree, TURN_EVERY } from '../pipeline/matches-below.js';
import type { Dep } from '../pipeline/plan.js';
import { foldersAbove, isWithin, withFoldersAbove } from '../sys/is-within.js';
import { entryWithin, type FileView, scanAt } from './file-view.js';
import { madeAt, withLinks } from './made-links.js';

/** A file or folder that counts as a whole, by its path in the dep. */
export interface Part {
  readonly path: string;
  /** An item makes it: a link in it counts as a link. */
  readonly made: boolean;
}

/** The path by which the item writes it, when a link leads the dep there. */
export function sourceOf({ links }: Dep, where: string): string {
  if (links === undefined) return where;
  const name = withFoldersAbove(where).find((each) => Object.hasOwn(links, each));
  return name === undefined ? where : `${links[name]}${where.slice(name.length)}`;
}

/** Content of a path of the dep, with outs read through links; undefined when any is missing. */
export function* contentAt(dep: Dep, part: Part, view: FileView): Cooperative<Scan | undefined> {
  const parts = mayHaveParts(dep, part, view) ? yield* partsOf(dep, part, view) : undefined;
  if (parts === undefined) return yield* oneAt(dep, part, view);
  // Links within the dep count as links.
  const tree = view.cache.readSet.realpath(path.join(view.root, part.path)) ?? '';
  const found = new Map<string, Scan>();
  for (const each of parts) {
    const scan = yield* oneAt(dep, each, view, { tree });
    if (scan !== undefined) found.set(each.path.slice(part.path.length + 1), scan);
    else if (each.made) return undefined;
  }
  if (found.size === 0) return undefined;
  return withLinks(view.cache.assemble(found), [...found.values()]);
}

/** The plan knows the targets of the user's links already. */
function* oneAt(
  dep: Dep,
  { path: where, made }: Part,
  view: FileView,
  how: ScanOptions = {},
): Cooperative<Scan | undefined> {
  if (made) return yield* madeAt(sourceOf(dep, where), view);
  const scan = yield* scanAt(where, view, {
    ...how,
    follow: true,
    ignoreRules: ignoreRulesOf(dep),
  });
  return scan?.links === undefined ? scan : withLinks(scan, []);
}

/** A cheap check, false for most deps, because a no-op run makes it for each dep. */
function mayHaveParts(dep: Dep, { path: where, made }: Part, view: FileView): boolean {
  if (dep.outs !== undefined || dep.links !== undefined) return true;
  if (made) return false;
  return view.cache.state.wroteBelow(where).length > 0 || isInPartLeft(dep, where, view);
}

/** A leftover that the dep names by its own path counts. */
function isInPartLeft(dep: Dep, where: string, view: FileView): boolean {
  return dep.glob && wroteFolder(sourceOf(dep, where), view);
}

/** The parts that count in a path of the dep; undefined: the path counts as a whole. */
export function* partsOf(
  dep: Dep,
  { path: where, made }: Part,
  view: FileView,
): Cooperative<Part[] | undefined> {
  const outs = outsWithin(dep, where);
  if (made && outs.length === 0) return undefined;
  const left = leftBelow(dep, where, outs, view);
  const isMixed = outs.length > 0 || isInPartLeft(dep, where, view);
  if (!isMixed && !(yield* hasLeftover(left, view))) return undefined;
  const parts: Part[] = outs.map((out) => ({ path: out, made: true }));
  const visit = (each: string, isUsers: boolean) => {
    if (isUsers) parts.push({ path: each, made: false });
  };
  if (!isOurs(sourceOf(dep, where))) yield* walk(dep, where, outs, left, view, visit);
  return parts;
}

function* hasLeftover(paths: readonly string[], view: FileView): Cooperative<boolean> {
  for (const each of paths)
    if (wroteFolder(each, view) || (yield* isLeftover(each, view))) return true;
  return false;
}

/** Leftovers in a folder of the dep, by the paths at which pipe wrote them. */
export function* leftoversIn(dep: Dep, part: Part, view: FileView): Cooperative<string[]> {
  const { path: where, made } = part;
  const outs = outsWithin(dep, where);
  if (made && outs.length === 0) return [];
  const left = leftBelow(dep, where, outs, view);
  const found: string[] = [];
  if (outs.length > 0 || left.length > 0 || isInPartLeft(dep, where, view))
    yield* walk(dep, where, outs, left, view, (each, isUsers) => {
      if (!isUsers) found.push(sourceOf(dep, each));
    });
  return found;
}

/** Outs of the dep below a folder: they are sorted, so they are adjacent. */
function outsWithin({ outs = [] }: Dep, folder: string): readonly string[] {
  const prefix = `${folder}/`;
  const first = firstIndex(outs.length, (at) => outs[at]! < prefix);
  let end = first;
  while (outs[end]?.startsWith(prefix)) end++;
  return outs.slice(first, end);
}

/** Paths below a folder that pipe once wrote and today's plan does not make, by the dep's names. */
function leftBelow(
  dep: Dep,
  folder: string,
  outs: readonly string[],
  { cache }: FileView,
): string[] {
  const source = sourceOf(dep, folder);
  if (isOurs(source)) return [];
  const wrote = cache.state.wroteBelow(source);
  if (wrote.length === 0) return [];
  const made = new Set(outs);
  const ignoreRules = ignoreRulesOfMade(dep);
  return wrote
    .map((each) => folder + each.slice(source.length))
    .filter((each) => !isHeldBack(dep, each, ignoreRules))
    .filter((each) => !withFoldersAbove(each).some((at) => made.has(at)));
}

/** True if pipe wrote it and it has not changed since, so it is not the user's. */
export function* isLeftover(where: string, view: FileView): Cooperative<boolean> {
  const { cache } = view;
  const wrote = wroteAt(where, cache);
  if (wrote === undefined) return false;
  const now = (yield* cache.scanning(where))?.digest;
  if (now === undefined || isUnfinished(wrote)) return now !== undefined;
  return yield* isRestOf(wrote, now, where, view);
}

/** Also true for a folder that lacks files: pipe may have removed those that another item read. */
function* isRestOf(
  wrote: Digest,
  now: Digest | undefined,
  where: string,
  view: FileView,
): Cooperative<boolean> {
  if (wrote === now) return true;
  if (now === undefined || kindOf(now) !== 'directory' || kindOf(wrote) !== 'directory')
    return false;
  for (const { name } of entriesOf(where, view)) {
    const was = entryWithin(view.cache, wrote, [name])?.digest;
    if (was === undefined) return false;
    const inner = `${where}/${name}`;
    const scan = yield* view.cache.scanning(inner);
    if (!(yield* isRestOf(was, scan?.digest, inner, view))) return false;
  }
  return true;
}

function isUnfinished(wrote: Wrote): wrote is 'begun' | 'ended' {
  return wrote === 'begun' || wrote === 'ended';
}

/** For a folder that pipe once wrote: what it wrote there may be left next to files of the user. */
function wroteFolder(where: string, view: FileView): boolean {
  const wrote = wroteAt(where, view.cache);
  if (wrote === undefined || isUnfinished(wrote) || kindOf(wrote) !== 'directory') return false;
  return view.cache.readSet.lstat(path.join(view.root, where))?.isDirectory() === true;
}

/** Also for a path in a folder that used to be an out, and now only contains outs. */
function wroteAt(where: string, cache: Cache): Wrote | undefined {
  const own = cache.state.wrote(where);
  if (own !== undefined) return own;
  for (let end = where.lastIndexOf('/'); end > 0; end = where.lastIndexOf('/', end - 1)) {
    const wrote = cache.state.wrote(where.slice(0, end));
    if (wrote === undefined) continue;
    const names = where.slice(end + 1).split('/');
    return isUnfinished(wrote) ? undefined : entryWithin(cache, wrote, names)?.digest;
  }
}

/** Inside the cache, only outs of the plan are inputs. */
export function isOurs(where: string): boolean {
  return isWithin(where, 'cache');
}

/** Enters the folders that lead to present and past outs; visits all other entries. */
function* walk(
  dep: Dep,
  folder: string,
  outs: readonly string[],
  left: readonly string[],
  view: FileView,
  visit: (where: string, isUsers: boolean) => void,
): Cooperative<void> {
  const made = new Set(outs);
  const holders = new Set([...outs, ...left].flatMap(foldersAbove));
  const ignoreRules = ignoreRulesOf(dep);
  const tree = foldersIn(view);
  function* into(at: string, isHeld: boolean): Cooperative<void> {
    for (const [row, entry] of entriesOf(at, view).entries()) {
      if (row % TURN_EVERY === 0) yield undefined;
      const inner = `${at}/${entry.name}`;
      if (made.has(inner)) continue;
      const source = sourceOf(dep, inner);
      const isHeldHere = isHeld || ignoreRules.holdsBack(inner, () => isFolder(inner, view));
      if (holders.has(inner) && isFolder(inner, view)) yield* into(inner, isHeldHere);
      else if (isHeldHere || (entry.isDirectory() && (yield* isHollow(inner, ignoreRules, tree))))
        continue;
      else if (isOurs(source) || (yield* isLeftover(source, view))) visit(inner, false);
      else if (wroteFolder(source, view)) yield* into(inner, isHeldHere);
      else visit(inner, true);
    }
  }
  yield* into(folder, false);
}

export function isFolder(where: string, { root, cache }: FileView): boolean {
  const full = path.join(root, where);
  try {
    return cache.readSet.stat(full)?.isDirectory() ?? false;
  } catch {
    // A link cycle, or no permission: the code that reads it reports the error.
    cache.readSet.markIncomplete();
    return false;
  }
}

/** True for a folder in which no entry counts: a clone does not have it. */
export function* isHollow(
  folder: string,
  ignoreRules: IgnoreRules,
  tree: Pick<Tree, 'entriesOf'>,
): Cooperative<boolean> {
  yield undefined;
  const entries = tree.entriesOf(folder, []);
  for (const entry of entries) {
    const inner = `${folder}/${entry.name}`;
    if (ignoreRules.holdsBack(inner, () => entry.isDirectory())) continue;
    if (!entry.isDirectory() || !(yield* isHollow(inner, ignoreRules, tree))) return false;
  }
  return entries.length > 0;
}

export function foldersIn(view: FileView): Pick<Tree, 'entriesOf'> {
  return { entriesOf: (where) => entriesOf(where, view) };
}

export function entriesOf(where: string, { root, cache }: FileView): Dirent[] {
  const full = path.join(root, where);
  try {
    const entries = cache.readSet.entries(full);
    if (entries.some(({ name }) => isDamaged(name))) refuseBadNames(full, where);
    return entries;
  } catch (error) {
    if (isAbsent(error)) return [];
    throw explained(error, where);
  }
}
