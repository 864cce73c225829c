/**
 * Commands that read a params file themselves. They see the file as it is, and neither `--set` nor
 * profiles, so their params may have other values than those that they compute with. Then these values
 * count too: the result belongs to what the command has read.
 */
import { canonical, sha256 } from '../canonical.js';
import { paramsReaders } from '../code/params-readers.js';
import { scriptText, textsOf } from '../code/script-texts.js';
import { leavesOf } from '../json.js';
import { oncePerText } from '../lists.js';
import { valuesNow } from '../pipeline/param-files.js';
import type { CommandAction, Item, Plan } from '../pipeline/plan.js';

/** A listed param that has another value in a file that the command reads than among its params. */
export interface Misread {
  /** What names the file. */
  readonly reader: string;
  readonly file: string;
  readonly param: string;
  readonly there: unknown;
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
  valuesOf: ParamValues,
): Misread[] {
  const wanted = wantedBy(item);
  const read = new Map<string, Misread>();
  // Like pipe, a program that reads several files lets later ones override earlier ones.
  for (const [file, reader] of readers)
    for (const [param, there] of valuesOf(file))
      if (wanted.has(param))
        read.set(param, { reader, file, param, there, wanted: wanted.get(param) });
  return [...read.values()].filter((each) => !isSame(each.wanted, each.there));
}

/** The listed params by their leaves, without those that the command is given. */
function wantedBy({ params, epochs, filled = {} }: Item): ReadonlyMap<string, unknown> {
  const leaves = Object.entries(params).flatMap(([name, value]) => leavesOf(value, name));
  return new Map(
    leaves.filter(([param]) => param !== epochs?.param && !Object.hasOwn(filled, param)),
  );
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
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
  const files = filesRead(plan);
  const valuesOf = oncePerText(valuesIn(root));
  const textOf = oncePerText((file) => scriptText(root, file));
  return (item: Item, action: CommandAction, scripts: readonly string[]) => {
    // Values are compared before texts are searched.
    const wanted = wantedBy(item);
    const differs = ([param, there]: readonly [string, unknown]) =>
      wanted.has(param) && !isSame(wanted.get(param), there);
    if (!files.some((file) => valuesOf(file).some(differs))) return {};
    const readers = paramsReaders(files, textsOf(action, scripts, textOf));
    return digestsRead(item, misreads(item, readers, valuesOf));
  };
}
