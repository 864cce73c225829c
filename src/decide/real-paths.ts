/**
 * Resolves names in the plan that lead elsewhere through links, mounts, or a file system that
 * treats two spellings as one name. Edges and overlaps are then found between places, not between
 * texts.
 */
import type { Cache } from '../cache/cache.js';
import { sha256 } from '../canonical.js';
import { firstMoved } from '../noop/first-moved.js';
import type { ReadLists, ReadSet } from '../noop/read-set.js';
import type { Plan } from '../pipeline/plan.js';
import { isOneName } from '../sys/one-name.js';
import { realPlace } from '../sys/real-place.js';
import { OutPlaces } from './out-places.js';
import { lstatOrNothing, PlaceResolver } from './place-resolver.js';
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
  const resolver = new PlaceResolver(
    root,
    new Spellings(foldedNames(plan), readSet, isOne),
    readSet,
  );
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
