/**
 * All outs of the pipeline as a tree of folder names, to find the writers of a path without
 * checking every item. A lookup costs the length of the path plus the number of results.
 */
import { addTo, firstIndex, getOrMake } from '../lists.js';
import { inFolder, lastName } from '../sys/is-within.js';
import { type Glob, type Step, type Steps, stepMatches } from './glob.js';

/** An out, by the index of its item and its index among the item's outs. */
export interface Owner {
  readonly path: string;
  readonly item: number;
  readonly out: number;
  /** Its position in the tree if that is not its path, but another name through a link. */
  readonly name?: string;
  /** The link, and the place that it leads to. */
  readonly link?: readonly [name: string, place: string];
}

export interface OutTree {
  readonly root: Folder;
}

interface Folder {
  readonly path: string;
  readonly children: Map<string, Folder>;
  owner: Owner | undefined;
  index: Index | undefined;
}

/** For folders with very many children; built when a pattern first needs it. */
interface Index {
  readonly names: readonly string[];
  /** Children by the names of their own children. */
  readonly grandchildren: ReadonlyMap<string, readonly Folder[]>;
  readonly outs: readonly Folder[];
}

export function createOutTree(): OutTree {
  return { root: folder('') };
}

function folder(path: string): Folder {
  return { path, children: new Map(), owner: undefined, index: undefined };
}

/** Adds an out. Returns the out that it overlaps, without adding it then. */
export function addOut({ root }: OutTree, owner: Owner): Owner | undefined {
  let at = root;
  let prefix = '';
  for (const name of nameOf(owner).split('/')) {
    if (at.owner) return at.owner;
    prefix = inFolder(prefix, name);
    const where = prefix;
    at = getOrMake(at.children, name, () => folder(where));
  }
  if (at.owner) return at.owner;
  if (at.children.size > 0) return firstOwner(at);
  at.owner = owner;
  return undefined;
}

/** Its position in the tree. */
export function nameOf({ name, path }: Owner): string {
  return name ?? path;
}

function firstOwner(from: Folder): Owner | undefined {
  for (const each of ownersBelow(from)) return each;
  return undefined;
}

function* ownersBelow(from: Folder): Generator<Owner> {
  const stack = [from];
  for (let at = stack.pop(); at; at = stack.pop()) {
    if (at.owner) yield at.owner;
    for (const each of at.children.values()) stack.push(each);
  }
}

/** Outs at `path`, above it or inside it. */
export function ownersOf({ root }: OutTree, path: string): readonly Owner[] {
  let at: Folder | undefined = root;
  for (const name of path === '' ? [] : path.split('/')) {
    at = at.children.get(name);
    if (!at) return [];
    if (at.owner) return [at.owner];
  }
  return [...ownersBelow(at)];
}

interface Gathering {
  /** Outs that match, are inside a match, or may contain matches. */
  readonly owners: readonly Owner[];
  /** The outs that do not match, but may contain matches. */
  readonly holders: readonly Owner[];
  /** The paths that match by the plan alone, sorted. */
  readonly paths: readonly string[];
}

/** The outs that a pattern finds. */
export function gather(tree: OutTree, glob: Glob): Gathering {
  const owners = new Set<Owner>();
  const holders = new Set<Owner>();
  const paths = new Set<string>();
  const found = { deep: glob.deep, owners, holders, paths };
  for (const steps of glob.alternatives) walk(tree.root, steps, found);
  for (const owner of owners) holders.delete(owner);
  return { owners: [...owners, ...holders], holders: [...holders], paths: [...paths].sort() };
}

interface Found {
  readonly deep: boolean;
  readonly owners: Set<Owner>;
  readonly holders: Set<Owner>;
  readonly paths: Set<string>;
}

function walk(root: Folder, steps: Steps, found: Found): void {
  const stack: { readonly at: Folder; readonly step: number }[] = [{ at: root, step: 0 }];
  const seen = new Set<string>();
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { at, step } = next;
    // Only `**` reaches a folder in two ways.
    if (found.deep) {
      const visit = `${step} ${at.path}`;
      if (seen.has(visit)) continue;
      seen.add(visit);
    }
    if (step === steps.length) arrive(at, found);
    else if (steps[step]!.kind === 'deep') {
      stack.push({ at, step: step + 1 });
      if (at.owner && looksLikeFolder(at)) found.holders.add(at.owner);
      for (const [name, child] of at.children) {
        if (stepMatches(steps[step]!, name)) stack.push({ at: child, step });
      }
    } else if (at.owner) {
      if (looksLikeFolder(at) || isCalled(steps[step - 1])) found.holders.add(at.owner);
    } else
      for (const child of nextFolders(at, steps, step)) stack.push({ at: child, step: step + 1 });
  }
}

/**
 * The plan does not know which outs are folders. It assumes that an out without an extension, or one
 * that the pattern names, may contain matches: `cache/out/*` + `/m.json` searches cache/out/faces,
 * but not cache/out/plot.png. Otherwise an item would wait for every file, even in a cycle.
 */
function looksLikeFolder(at: Folder): boolean {
  return !/.\.[A-Za-z][A-Za-z0-9]{0,7}$/.test(lastName(at.path));
}

function isCalled(step: Step | undefined): boolean {
  return step?.kind === 'name' || (step?.kind === 'some' && step.fixed);
}

/** The end of the pattern: at an out, or at a folder that contains outs. */
function arrive(at: Folder, { deep, owners, paths }: Found): void {
  if (deep && !at.owner) return;
  paths.add(at.path);
  for (const owner of ownersBelow(at)) owners.add(owner);
}

function* nextFolders(at: Folder, steps: Steps, step: number): Iterable<Folder> {
  const current = steps[step]!;
  if (current.kind === 'name') {
    const child = at.children.get(current.name);
    if (child) yield child;
    return;
  }
  const after = steps[step + 1];
  const prefix = current.kind === 'some' ? current.prefix : '';
  if (at.children.size > SMALL && after?.kind === 'name' && prefix === '') {
    yield* byGrandchild(at, current, after.name);
    return;
  }
  const names =
    prefix !== '' && at.children.size > SMALL ? withPrefix(at, prefix) : at.children.keys();
  for (const name of names) if (stepMatches(current, name)) yield at.children.get(name)!;
}

/** Folders up to this size are searched without an index. */
const SMALL = 32;

/** `*` before a plain name: the children with such a child, and those that are outs. */
function* byGrandchild(at: Folder, current: Step, name: string): Iterable<Folder> {
  const { grandchildren, outs } = indexOf(at);
  for (const list of [outs, grandchildren.get(name) ?? []]) {
    for (const child of list) if (stepMatches(current, lastName(child.path))) yield child;
  }
}

function* withPrefix(at: Folder, prefix: string): Iterable<string> {
  const { names } = indexOf(at);
  const first = firstIndex(names.length, (at) => names[at]! < prefix);
  for (let i = first; i < names.length && names[i]!.startsWith(prefix); i++) yield names[i]!;
}

function indexOf(at: Folder): Index {
  at.index ??= makeIndex(at);
  return at.index;
}

function makeIndex({ children }: Folder): Index {
  const grandchildren = new Map<string, Folder[]>();
  const outs: Folder[] = [];
  for (const child of children.values()) {
    if (child.owner) outs.push(child);
    for (const name of child.children.keys()) addTo(grandchildren, name, child);
  }
  return { names: [...children.keys()].sort(), grandchildren, outs };
}
