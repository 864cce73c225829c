/**
 * Commands that read a params file themselves. They see the file as it is, and neither `--set` nor
 * profiles, so their params may have other values than those that they compute with. Then these values
 * count too: the result belongs to what the command has read.
 */
import { canonical, sha256 } from '../canonical.js';
import { paramsReaders } from '../code/params-readers.js';
import { scriptText, textsOf } from '../code/script-texts.js';
import { isTree, leavesOf } from '../json.js';
import { oncePerText } from '../lists.js';
import { valuesNow } from '../pipeline/param-files.js';
import { isPartOf } from '../pipeline/params-tree.js';
import type { AddedParam, CommandAction, Item, Plan } from '../pipeline/plan.js';

/** A listed param that has another value in a file that the command reads than in this run. */
export interface Misread {
  /** What names the file. */
  readonly reader: string;
  readonly file: string;
  readonly param: string;
  /** Undefined if the file has no such param. */
  readonly there: unknown;
  /** Undefined if this run has no such param. */
  readonly wanted: unknown;
}

/** Values of the params files of a plan, each read once. */
export type ParamValues = (file: string) => readonly (readonly [param: string, value: unknown])[];

export function valuesIn(root: string): ParamValues {
  return (file) => leavesOf(valuesNow(root, file) ?? {});
}

/** Files other than pipeline.yaml with params, or with values of axes. */
export function filesRead({ reads }: Plan): readonly string[] {
  return reads.filter(({ pattern }) => !pattern).map((read) => read.path);
}

/** @param readers the params files that the command names, with who names them */
export function misreads(
  item: Item,
  readers: ReadonlyMap<string, string>,
  { added = [] }: Pick<Plan, 'added'>,
  valuesOf: ParamValues,
): Misread[] {
  const { wanted, isOther, isMissed } = comparisonFor(item);
  const read = new Map<string, Misread>();
  // Like pipe, a program that reads several files lets later ones override earlier ones.
  for (const [file, reader] of readers)
    for (const [param, there] of valuesOf(file)) {
      const isReplaced = (earlier: string) => isPartOf(earlier, param) || isPartOf(param, earlier);
      if (readers.size > 1)
        for (const each of [...read.keys()].filter(isReplaced)) read.delete(each);
      read.set(param, { reader, file, param, there, wanted: wanted.get(param) });
    }
  const found = [...read.values()].filter(({ param, there }) => isOther(param, there));
  // The program finds the map in the last file that has it, but not what is added to it.
  const places = [...read.values()].reverse();
  const missed = added.filter(isMissed).flatMap(({ param, map }): Misread[] => {
    const place = places.find((each) => map === '' || isPartOf(each.param, map));
    const isThere = places.some((each) => isPartOf(each.param, param));
    if (place === undefined || isThere) return [];
    const { reader, file } = place;
    return [{ reader, file, param, there: undefined, wanted: wanted.get(param) }];
  });
  return [...found, ...missed];
}

/** The params of an item by their leaves, and whether a file has another value for one of them. */
function comparisonFor({ params, epochs, filled = {} }: Item) {
  const wanted: ReadonlyMap<string, unknown> = new Map(
    Object.entries(params).flatMap(([name, value]) => leavesOf(value, name)),
  );
  const given = [...Object.keys(filled), ...(epochs?.param === undefined ? [] : [epochs.param])];
  const isListed = (param: string) =>
    Object.keys(params).some((each) => isPartOf(param, each) || isPartOf(each, param));
  const isOther = (param: string, there: unknown): boolean => {
    if (given.some((each) => isPartOf(param, each))) return false;
    if (wanted.has(param)) return JSON.stringify(wanted.get(param)) !== JSON.stringify(there);
    // The run has a map in its place, or nothing. A map without entries contains no param.
    return isListed(param) && !isTree(there);
  };
  const isMissed = ({ param }: AddedParam): boolean =>
    wanted.has(param) && !given.some((each) => isPartOf(param, each));
  return { wanted, isOther, isMissed };
}

/** Digest by file of the values that count. A dep counts as a whole. */
export function digestsRead(
  { deps }: Item,
  found: readonly Misread[],
): Readonly<Record<string, string>> {
  const isDep = (file: string) => deps.some(({ path }) => path === file);
  const files = [...new Set(found.map(({ file }) => file))].filter((file) => !isDep(file)).sort();
  return Object.fromEntries(
    files.map((file) => {
      const own = found.filter((each) => each.file === file);
      const values = own.map(({ param, there }) => [param, JSON.stringify(there)]);
      return [file, `v:${sha256(canonical(values.sort()))}`];
    }),
  );
}

/** Digest by file of the values that the command of an item reads itself. Reads each file and script once. */
export function readParamsIn({ root, plan }: { readonly root: string; readonly plan: Plan }) {
  const isChanged = plan.overridden !== undefined || plan.added !== undefined;
  const files = isChanged ? filesRead(plan) : [];
  const valuesOf = oncePerText(valuesIn(root));
  const textOf = oncePerText((file) => scriptText(root, file));
  return (item: Item, action: CommandAction, scripts: readonly string[]) => {
    // Values are compared before texts are searched.
    const { isOther, isMissed } = comparisonFor(item);
    const hasOther = (file: string) =>
      valuesOf(file).some(([param, there]) => isOther(param, there));
    if (!plan.added?.some(isMissed) && !files.some(hasOther)) return {};
    const readers = paramsReaders(root, files, textsOf(action, scripts, textOf));
    return digestsRead(item, misreads(item, readers, plan, valuesOf));
  };
}
