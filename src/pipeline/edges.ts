/**
 * Derives edges from paths: an item needs the items that write what it reads. Also finds
 * overlapping outs.
 */

import { getOrMake } from '../lists.js';
import { foldersAbove, isWithin, withFoldersAbove } from '../sys/is-within.js';
import { type Links, leadsTo, placeOf, placeOfOut, withNames } from './aliases.js';
import type { Diagnostics } from './document/diagnostics.js';
import { matchGlob, parseGlob } from './glob.js';
import { ignoreRulesOfMade, isHeldBack } from './ignored-files.js';
import type { Draft, DraftDep } from './items/item-draft.js';
import { outMistake, overwrites } from './items/paths.js';
import {
  addOut,
  createOutTree,
  gather,
  nameOf,
  type OutTree,
  type Owner,
  ownersOf,
} from './out-tree.js';
import { reportOverlap } from './overlap.js';
import type { Dep } from './plan.js';
import type { PlanFiles } from './plan-files.js';
import { PIPELINE_FILE } from './root.js';

export interface Linked {
  readonly deps: readonly Dep[];
  /** Indices of the needed drafts, sorted and unique. */
  readonly needs: readonly number[];
  /** For messages: by needed draft, the index of the first dep that needs it. */
  readonly via: ReadonlyMap<number, number>;
}

export interface Around {
  readonly links: Links;
  /** The files of the plan other than pipeline.yaml. */
  readonly files: PlanFiles;
}

export function linkItems(
  drafts: readonly Draft[],
  diagnostics: Diagnostics,
  { links, files }: Around,
): readonly Linked[] {
  const tree = plantOuts(drafts, diagnostics, { links, files });
  const found = new Map<string, Reading>();
  return drafts.map((draft, index) => {
    const via = new Map<number, number>();
    const linking = { draft, index, tree, found, via, links, diagnostics };
    const deps = draft.deps.map((dep, number) => linkDep(dep, number, linking));
    return { deps, needs: [...via.keys()].sort((a, b) => a - b), via };
  });
}

/** The outs by place, where overlaps are errors; then by every name that leads there. */
function plantOuts(
  drafts: readonly Draft[],
  diagnostics: Diagnostics,
  { links, files }: Around,
): OutTree {
  const tree = createOutTree();
  const owners: Owner[] = [];
  for (const [item, draft] of drafts.entries()) {
    for (const [out, { path }] of draft.item.outs.entries()) {
      const place = placeOfOut(path, links);
      const owner: Owner = { item, out, path, ...(place !== path && { name: place }) };
      owners.push(owner);
      if (place !== path) checkPlace(draft, owner, place, links, diagnostics);
      const other = addOut(tree, owner);
      if (other) reportOverlap(drafts, owner, other, links, diagnostics);
    }
  }
  protectScripts(drafts, tree, { links, files }, diagnostics);
  protectAxes(drafts, files, diagnostics);
  return Object.keys(links).length === 0 ? tree : withNames(tree, owners, links);
}

/** A path protected from outs is also protected from outs that reach it through a link. */
function checkPlace(
  draft: Draft,
  { out, path }: Owner,
  place: string,
  links: Links,
  diagnostics: Diagnostics,
): void {
  // The cache may be on another disk, and is protected there too.
  const cache = placeOf('cache', links);
  const named = isWithin(place, cache) ? `cache${place.slice(cache.length)}` : place;
  const mistake = named.startsWith('/') ? undefined : outMistake(named);
  if (mistake === undefined) return;
  const message = `the out "${path}" is ${place}: ${leadsTo([path], links)}. ${mistake.message}`;
  diagnostics.add({ ...mistake, message }, draft.outs[out]!.path.node.span);
}

/** A run removes old outs first, so none may cover the module of a stage, or an input of the plan. */
function protectScripts(
  drafts: readonly Draft[],
  tree: OutTree,
  { links, files }: Around,
  diagnostics: Diagnostics,
): void {
  const needed = new Map<string, string>();
  const { file: pipeline } = diagnostics.source;
  // For pipeline.yaml, the paths themselves are refused.
  if (pipeline !== PIPELINE_FILE)
    needed.set(pipeline, 'the pipeline itself').set(`${pipeline}.lock`, "pipe's lock file");
  for (const { path } of files.reads)
    needed.set(path, 'a file that pipe reads before anything runs');
  for (const { item } of drafts) {
    if (item.action.kind === 'module')
      needed.set(item.action.file, `the code of stage "${item.stage}"`);
  }
  for (const [file, what] of needed) {
    for (const { item, out, path } of ownersOf(tree, placeOf(file, links))) {
      const span = drafts[item]!.outs[out]!.path.node.span;
      diagnostics.add(overwrites(path, file, what), span);
    }
  }
}

/** The names of items are known before they run, so no out may be among the files that an axis matches. */
function protectAxes(drafts: readonly Draft[], files: PlanFiles, diagnostics: Diagnostics): void {
  for (const { path: pattern } of files.reads.filter((read) => read.pattern)) {
    const matches = files.matches(pattern);
    const glob = parseGlob(pattern);
    const paths = 'paths' in matches ? matches.paths : [];
    const holders = new Set(paths.flatMap(withFoldersAbove));
    for (const { item, outs } of drafts) {
      for (const [index, { path }] of item.outs.entries()) {
        const how = holders.has(path) ? 'is or contains a file that' : 'is a file that';
        if (!holders.has(path) && !matchGlob(glob, path)) continue;
        const message = `the out "${path}" ${how} "${pattern}" matches, which pipe reads as the values of an axis before anything runs`;
        const hint = 'write to another path, or list the values of the axis: { lines: names.txt }';
        diagnostics.add({ code: 'path-protected', message, hint }, outs[index]!.path.node.span);
      }
    }
  }
}

/** The outs that a dep's path or pattern finds, independent of the reader. */
interface Reading {
  readonly owners: readonly Owner[];
  /** Those that may only contain matches. */
  readonly holders: ReadonlySet<Owner>;
  readonly gathered: readonly string[];
}

interface Linking {
  readonly draft: Draft;
  /** Index of the draft. */
  readonly index: number;
  readonly tree: OutTree;
  /** By path or pattern: many items read the same. */
  readonly found: Map<string, Reading>;
  readonly via: Map<number, number>;
  readonly links: Links;
  readonly diagnostics: Diagnostics;
}

function linkDep(dep: DraftDep, number: number, linking: Linking): Dep {
  const { index, tree, found, via } = linking;
  const id = `${dep.glob ? '*' : '='}${dep.path}\0${dep.exclude?.join('\0') ?? ''}`;
  const reading = getOrMake(found, id, () => read(dep, tree));
  for (const owner of reading.owners) {
    if (owner.item !== index) {
      if (!via.has(owner.item)) via.set(owner.item, number);
    }
    // An own out that may only contain matches is not part of what the pattern reads.
    else if (!reading.holders.has(owner)) ownOut(dep, owner, linking);
  }
  if (dep.exclude !== undefined) refuseExcludeOfOut(dep, reading.owners, linking);
  return depOf(dep, index, reading);
}

/** An out is one unit, whose digest is known before the out exists. */
function refuseExcludeOfOut(
  dep: DraftDep,
  owners: readonly Owner[],
  { draft, diagnostics }: Linking,
): void {
  if (dep.glob) return;
  const owner = owners.find((each) => isWithin(dep.path, nameOf(each)));
  if (owner === undefined) return;
  diagnostics.add(
    {
      code: 'exclude-in-out',
      message: `${draft.item.id} excludes part of ${dep.path}, which ${dep.path === nameOf(owner) ? 'is' : 'is inside'} an out`,
      hint: 'an out counts as a whole: make the stage write the excluded files to another out',
    },
    dep.written.exclude[0]!.node.span,
  );
}

function depOf(dep: DraftDep, index: number, reading: Reading): Dep {
  const { name, path, glob, exclude, written } = dep;
  const others = reading.owners.filter(({ item }) => item !== index);
  const made = others.length > 0;
  const { gathered, holders } = reading;
  const [within, inside] = [new Set<string>(), new Set<string>()];
  const folders = new Set(glob ? gathered : [path]);
  for (const owner of others) {
    if (holders.has(owner)) within.add(nameOf(owner));
    else if (foldersAbove(nameOf(owner)).some((each) => folders.has(each)))
      inside.add(nameOf(owner));
  }
  const links = linksTo(others);
  return {
    name,
    path,
    glob,
    ...(glob && { gathered }),
    ...(within.size > 0 && { within: [...within].sort() }),
    ...(inside.size > 0 && { outs: [...inside].sort() }),
    ...(links && { links }),
    made,
    ...(exclude && { exclude }),
    ...(written.optional && { optional: true }),
  };
}

function linksTo(owners: readonly Owner[]): Record<string, string> | undefined {
  const found: Record<string, string> = {};
  // Other paths below a link within the project are mapped to their places too.
  for (const { link } of owners) if (link && !link[1].startsWith('/')) found[link[0]] = link[1];
  // For an out written by that very name too: the longest name applies.
  for (const { name, path } of owners) if (name !== undefined) found[name] = path;
  return Object.keys(found).length === 0 ? undefined : found;
}

/** An excluded out is not read. */
function read(dep: DraftDep, tree: OutTree): Reading {
  const { path, glob } = dep;
  const ignoreRules = ignoreRulesOfMade(dep);
  const isRead = (name: string) => !isHeldBack(dep, name, ignoreRules);
  const isOwned = (owner: Owner) => isRead(nameOf(owner));
  if (!glob)
    return { owners: ownersOf(tree, path).filter(isOwned), holders: new Set(), gathered: [] };
  const { owners, holders, paths } = gather(tree, parseGlob(path));
  return {
    owners: owners.filter(isOwned),
    holders: new Set(holders.filter(isOwned)),
    gathered: paths.filter(isRead),
  };
}

function ownOut(dep: DraftDep, owner: Owner, { draft, links, diagnostics }: Linking): void {
  const { path } = owner;
  const by = owner.name === undefined ? undefined : leadsTo([dep.path, path], links);
  const verb = dep.path === nameOf(owner) ? 'is' : 'covers';
  const how =
    dep.path === path
      ? `${path}, which it writes`
      : `${dep.path}, which ${verb} its own out ${path}${by === undefined ? '' : `: ${by}`}`;
  diagnostics.add(
    {
      code: 'self-dependency',
      message: `${draft.item.id} reads ${how}`,
      hint: 'write to another path; to continue from an earlier run, use epochs',
    },
    dep.written.path.node.span,
  );
}
