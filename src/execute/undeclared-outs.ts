/**
 * Warns about a command or a script that names an out of another item, without a dep on it. Such an
 * item may run before that out is written, and stays fresh when it changes.
 */
import path from 'node:path';
import { type ItemHandle, itemAt } from '../decide/build-context.js';
import { oncePer } from '../lists.js';
import type { Dep, Plan } from '../pipeline/plan.js';
import { withNeeds } from '../pipeline/select.js';
import { textIfThere } from '../sys/if-there.js';
import { isWithin, withFoldersAbove } from '../sys/is-within.js';
import { describeAction } from './failure.js';

export function warnOfUndeclaredOuts(handle: ItemHandle): void {
  const { build, item, index } = handle;
  const { plan } = build.project;
  const makers = makersIn(plan);
  for (const { where, name } of namedPaths(handle)) {
    const out = withFoldersAbove(name).find((each) => makers.has(each));
    if (out === undefined || item.deps.some((dep) => covers(dep, out))) continue;
    const maker = makers.get(out) as number;
    // Neither the item itself nor one downstream can be a dep.
    if (withNeeds(plan, [maker]).includes(index) || isShared(handle, where)) continue;
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

const LANGUAGES: readonly (readonly [file: RegExp, pattern: RegExp])[] = [
  [/\.(?:ba|z|k)?sh$/, WORD],
  [/\.(?:pyw?|[cm]?[jt]sx?|r|jl)$/i, READ],
];

/** Paths in the item's command and its scripts. */
function* namedPaths(handle: ItemHandle): Generator<{ where: string; name: string }> {
  const { build, item } = handle;
  if (item.action.kind !== 'module') yield* pathsIn(describeAction(item), WORD, 'its command');
  for (const file of scriptsOf(handle)) {
    const [, pattern] = LANGUAGES.find(([language]) => language.test(file)) ?? [];
    if (pattern === undefined) continue;
    const text = textIfThere(path.join(build.project.root, file)) ?? '';
    yield* pathsIn(text.replace(/(?<=^|\s)#.*/gm, ''), pattern, file);
  }
}

/** Without what they import: a module of paths may name the outs of the whole pipeline. */
function scriptsOf({ code, item: { action } }: ItemHandle): string[] {
  if (code.kind === 'module') return action.kind === 'module' ? [action.file] : [];
  return Object.keys(code.scripts).filter((file) => !Object.hasOwn(code.importers, file));
}

function* pathsIn(text: string, pattern: RegExp, where: string) {
  for (const [word] of text.matchAll(pattern)) {
    const name = path.posix.normalize(word).replace(/\/$/, '');
    // A bare word is rather a subcommand or an option's value.
    if (/[./]/.test(name)) yield { where, name };
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
    const files = code.kind === 'command' ? code.scripts : code.files;
    return itemAt(build, index).stage !== item.stage && Object.hasOwn(files, file);
  });
}
