/** How the outs of today's plan become deps, for the index of results and what follows from it. Pure. */

import { getOrMake } from '../lists.js';
import type { Item, Plan } from '../pipeline/plan.js';
import { withFoldersAbove } from '../sys/is-within.js';

/** A file or folder inside an out that an item reads as a dep. */
export interface Part {
  /** Name of the out. */
  readonly out: string;
  /** Path inside the out. */
  readonly within: string;
}

/** An out that a pattern matches. */
export interface Gathered {
  readonly path: string;
  readonly item: string;
  /** Name of the out. */
  readonly out: string;
}

export interface DepEdges {
  /** For each item, the parts of its outs that are deps. A dep that is a whole out is not listed. */
  readonly parts: ReadonlyMap<Item, readonly Part[]>;
  /** For each stage and dep, the stages that make the dep. No entry: not known. */
  readonly makers: ReadonlyMap<string, ReadonlySet<string>>;
  /** For each item and pattern dep, the outs that match, in the order of the dep's digest. */
  readonly gathered: ReadonlyMap<string, readonly Gathered[]>;
}

/** Names a dep of a stage or of an item. */
export function edgeName(reader: string, dep: string): string {
  return `${reader}\0${dep}`;
}

interface Owner extends Gathered {
  readonly of: Item;
}

export function depEdgesOf({ items }: Plan): DepEdges {
  const owners = new Map<string, Owner>();
  for (const item of items)
    for (const { name, path } of item.outs)
      owners.set(path, { of: item, item: item.id, out: name, path });
  const parts = new Map<Item, Map<string, Part>>();
  const makers = new Map<string, Set<string>>();
  const gathered = new Map<string, readonly Gathered[]>();
  for (const { id, stage, deps } of items)
    for (const { name, path, made, gathered: paths = [] } of deps) {
      const outs = paths.flatMap((each) => owners.get(each) ?? []);
      if (outs.length > 0 && outs.length === paths.length) gathered.set(edgeName(id, name), outs);
      const owner = ownerOf(path, owners);
      if (made && owner === undefined) continue;
      const stages = getOrMake(makers, edgeName(stage, name), () => new Set());
      if (owner === undefined) continue;
      stages.add(owner.of.stage);
      const within = path.slice(owner.path.length + 1);
      if (within === '') continue;
      getOrMake(parts, owner.of, () => new Map()).set(path, { out: owner.out, within });
    }
  const lists = [...parts].map(([item, own]) => [item, [...own.values()]] as const);
  return { parts: new Map(lists), makers, gathered };
}

/** Of the path itself, or of a folder above it. */
function ownerOf(path: string, owners: ReadonlyMap<string, Owner>): Owner | undefined {
  const owned = withFoldersAbove(path).find((each) => owners.has(each));
  return owned === undefined ? undefined : owners.get(owned);
}
