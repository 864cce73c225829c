/** Edges are derived: whoever writes what I read. Finds overlapping outs on the way. */
import type { Problems } from './document/problems.js';
import { parseGlob } from './glob.js';
import type { Draft, DraftDep } from './items/draft.js';
import { overwrites } from './items/paths.js';
import { isHole } from './items/template.js';
import { addOut, createOutTree, gather, type OutTree, type Owner, ownersOf } from './outtree.js';
import type { Dep, Item } from './plan.js';

export interface Linked {
  readonly deps: readonly Dep[];
  /** Indices of the drafts that are needed, in order, each once. */
  readonly needs: readonly number[];
  /** By needed draft the index of the first dep that needs it: for messages. */
  readonly via: ReadonlyMap<number, number>;
}

export function linkItems(drafts: readonly Draft[], problems: Problems): readonly Linked[] {
  const tree = plantOuts(drafts, problems);
  protectScripts(drafts, tree, problems);
  const found = new Map<string, Reading>();
  return drafts.map((draft, index) => {
    const via = new Map<number, number>();
    const linking = { draft, index, tree, found, via, problems };
    const deps = draft.deps.map((dep, number) => linkDep(dep, number, linking));
    return { deps, needs: [...via.keys()].sort((a, b) => a - b), via };
  });
}

function plantOuts(drafts: readonly Draft[], problems: Problems): OutTree {
  const tree = createOutTree();
  for (const [item, draft] of drafts.entries()) {
    for (const [out, { path }] of draft.item.outs.entries()) {
      const owner = { item, out, path };
      const other = addOut(tree, owner);
      if (other) overlap(drafts, owner, other, problems);
    }
  }
  return tree;
}

/** Old outs are removed before a run: none may cover the module of a stage. */
function protectScripts(drafts: readonly Draft[], tree: OutTree, problems: Problems): void {
  const files = new Map<string, string>();
  for (const { item } of drafts) {
    if (item.action.kind === 'module') files.set(item.action.file, item.stage);
  }
  for (const [file, stage] of files) {
    for (const { item, out, path } of ownersOf(tree, file)) {
      const span = drafts[item]!.outs[out]!.path.node.span;
      problems.add(overwrites(path, file, `the code of stage "${stage}"`), span);
    }
  }
}

/** What a dep's path or pattern finds, whoever reads it. */
interface Reading {
  readonly owners: readonly Owner[];
  /** Of these, those that may only hold matches. */
  readonly holders: ReadonlySet<Owner>;
  readonly gathered: readonly string[];
}

interface Linking {
  readonly draft: Draft;
  /** The draft's. */
  readonly index: number;
  readonly tree: OutTree;
  /** By path or pattern: many items read the same. */
  readonly found: Map<string, Reading>;
  readonly via: Map<number, number>;
  readonly problems: Problems;
}

function linkDep(dep: DraftDep, number: number, linking: Linking): Dep {
  const { index, tree, found, via } = linking;
  const id = `${dep.glob ? '*' : '='}${dep.path}`;
  let reading = found.get(id);
  if (!reading) {
    reading = read(dep, tree);
    found.set(id, reading);
  }
  for (const owner of reading.owners) {
    if (owner.item !== index) {
      if (!via.has(owner.item)) via.set(owner.item, number);
    }
    // What lies in a folder of its own is simply not part of what a pattern matches.
    else if (!reading.holders.has(owner)) ownOut(dep, owner, linking);
  }
  return depOf(dep, index, reading);
}

function depOf({ name, path, glob, written }: DraftDep, index: number, reading: Reading): Dep {
  const made = reading.owners.some(({ item }) => item !== index);
  const optional = written.optional ? { optional: true } : {};
  if (!glob) return { name, path, glob, made, ...optional };
  const { gathered, holders } = reading;
  const within = [...holders].filter(({ item }) => item !== index).map(({ path: out }) => out);
  return {
    name,
    path,
    glob,
    gathered,
    ...(within.length > 0 && { within: within.sort() }),
    made,
    ...optional,
  };
}

function read({ path, glob }: DraftDep, tree: OutTree): Reading {
  if (!glob) return { owners: ownersOf(tree, path), holders: new Set(), gathered: [] };
  const { owners, holders, paths } = gather(tree, parseGlob(path));
  return { owners, holders: new Set(holders), gathered: paths };
}

function ownOut(dep: DraftDep, owner: Owner, { draft, problems }: Linking): void {
  const { path } = owner;
  const how =
    dep.path === path
      ? `${path}, which it writes`
      : `${dep.path}, which covers its own out ${path}`;
  problems.add(
    {
      code: 'self-dependency',
      message: `${draft.item.id} reads ${how}`,
      hint: 'to go on from what an earlier run left, use epochs; else write to another path',
    },
    dep.written.path.node.span,
  );
}

function overlap(drafts: readonly Draft[], mine: Owner, other: Owner, problems: Problems): void {
  const [a, b] = [drafts[other.item]!, drafts[mine.item]!];
  const [first, second] = [other.path, mine.path];
  const [one, two] = [a.item.id, b.item.id];
  const own = mine.item === other.item;
  const message = own ? ownOverlap(two, first, second) : twoOverlap(one, first, two, second);
  const written = b.outs[mine.out]!;
  const hint = a.item.stage === b.item.stage && !own ? axisHint(a, b, mine.out) : undefined;
  const mistake = {
    code: 'overlapping-outs',
    message,
    hint: hint ?? 'give each out a place of its own',
  };
  problems.add(mistake, written.path.node.span);
}

function ownOverlap(id: string, first: string, second: string): string {
  if (first === second) return `${id} writes ${second} twice`;
  return `${id} writes both ${first} and ${second}, one within the other`;
}

function twoOverlap(one: string, first: string, two: string, second: string): string {
  if (first === second) return `${one} and ${two} both write ${second}`;
  return `${one} writes ${first} and ${two} writes ${second}, one within the other`;
}

/** Two cells of a stage write to one place: an axis is missing in the path. */
function axisHint(a: Draft, b: Draft, out: number): string | undefined {
  const used = new Set(b.outs[out]!.path.parts.filter(isHole).map(({ name }) => name));
  const axis = differing(a.item.matrix, b.item.matrix).find((name) => !used.has(name));
  return axis && `the path does not tell the values of "${axis}" apart: put \${${axis}} into it`;
}

type Matrix = Item['matrix'];

function differing(a: Matrix, b: Matrix): readonly string[] {
  return Object.keys(b).filter((axis) => a[axis] !== b[axis]);
}
