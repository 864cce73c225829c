/**
 * Warns about a command or a script that names an out of another item, without a dep on it. Such an
 * item may run before that out is written, and stays fresh when it changes.
 */
import path from 'node:path';
import { type ItemHandle, itemAt } from '../decide/build-context.js';
import { oncePer } from '../lists.js';
import type { Dep, Plan } from '../pipeline/plan.js';
import { allNeeds } from '../pipeline/select.js';
import { isWithin, withFoldersAbove } from '../sys/is-within.js';
import { executedTexts } from './executed-texts.js';

export function warnOfUndeclaredOuts(handle: ItemHandle): void {
  const { build, item, index } = handle;
  const { plan } = build.project;
  const makers = makersIn(plan);
  for (const { where, name } of namedPaths(handle)) {
    const out = withFoldersAbove(name).find((each) => makers.has(each));
    if (out === undefined || item.deps.some((dep) => covers(dep, out))) continue;
    const maker = makers.get(out) as number;
    // Neither the item itself nor one downstream can be a dep.
    if (allNeeds(plan, [maker]).has(index) || isShared(handle, where)) continue;
    const what = name === out ? 'an out' : `inside the out ${out}`;
    const { id } = itemAt(build, maker);
    handle.warn(
      `${where} names ${name}, ${what} of ${id}, but has no dep on it: ${item.id} may run before ${id}, and stays fresh when the out changes. If it reads the out, add "${out}" to its deps`,
    );
    return;
  }
}

/** Index of the writing item, by out. */
const makersIn = oncePer(
  ({ items }: Plan): ReadonlyMap<string, number> =>
    new Map(items.flatMap(({ outs }, index) => outs.map((out) => [out.path, index] as const))),
);

const WORD = /[^\s"'`=:;,|&<>(){}[\]$*?!\\]+/g;

/** A text as the first argument of `open`, `pd.read_csv`, `torch.load`, `readFileSync`, `readRDS`. */
const READ = /(?<=\b(?:open|load|read|imread|scan)[\w.]*\(\s*[bfru]*(["'`]))[^"'`\n]+(?=\1)/gi;

/** Undefined for a script in another language. */
function patternFor(file: string): RegExp | undefined {
  if (/\.(?:ba|z|k)?sh$/.test(file)) return WORD;
  return /\.(?:pyw?|[cm]?[jt]sx?|r|jl)$/i.test(file) ? READ : undefined;
}

/** Paths in the item's command and its scripts. */
function* namedPaths(handle: ItemHandle): Generator<{ where: string; name: string }> {
  const { code } = handle;
  // An imported module of paths may name the outs of the whole pipeline.
  const isImported = (file: string) =>
    code.kind === 'command' && Object.hasOwn(code.importers, file);
  const isWanted = (file: string) => patternFor(file) !== undefined && !isImported(file);
  for (const { where, text } of executedTexts(handle, isWanted)) {
    const uncommented = text.replace(/(?<=^|\s)#.*/gm, '');
    for (const [word] of uncommented.matchAll(patternFor(where) ?? WORD)) {
      const name = path.posix.normalize(word).replace(/\/$/, '');
      // A bare word is rather a subcommand or an option's value.
      if (/[./]/.test(name)) yield { where, name };
    }
  }
}

function covers({ path, glob, gathered = [], within = [], outs = [] }: Dep, out: string): boolean {
  if (glob) return [...gathered, ...within, ...outs].includes(out);
  return isWithin(out, path) || isWithin(path, out);
}

/** True for a script of several stages, such as one with subcommands: it names the outs of each. */
function isShared({ build, item }: ItemHandle, file: string): boolean {
  return build.selected.some((index) => {
    const code = build.codes.of(index);
    const files = code.kind === 'command' ? code.executed : Object.keys(code.files);
    return itemAt(build, index).stage !== item.stage && files.includes(file);
  });
}
