/**
 * Warns about a command or a script that names an out of another item, or a file of the project,
 * without a dep on it. Such an item may run before the out is written, and stays fresh when the
 * content changes.
 */

import path from 'node:path';
import { unfollowedIn } from '../code/named-scripts.js';
import { coversCode } from '../code/opaque.js';
import { takesParams } from '../code/params-readers.js';
import { environmentOf } from '../code/python/python-environment.js';
import { type ExecutedText, withoutComments } from '../code/script-texts.js';
import { type ItemHandle, itemAt } from '../decide/build-context.js';
import { oncePer } from '../lists.js';
import { matchGlob, parseGlob } from '../pipeline/glob.js';
import { isToolsOwn } from '../pipeline/ignored-files.js';
import type { Dep, Plan } from '../pipeline/plan.js';
import { allNeeds } from '../pipeline/select.js';
import { statIfThere } from '../sys/if-there.js';
import { isWithin, lastName, withFoldersAbove } from '../sys/is-within.js';
import { executedTexts, isForShell } from './executed-texts.js';
import { describeAction } from './failure.js';

/**
 * Warns once for an item, because the first name usually shows what is missing, and once for the
 * items of a stage that name the same.
 */
export function warnOfUndeclaredInputs(handle: ItemHandle): void {
  const message = undeclaredOut(handle) ?? undeclaredFile(handle) ?? undeclaredCode(handle);
  if (message === undefined) return;
  const { build, item } = handle;
  const told = toldIn(build.selected);
  const shared = `${item.stage}: ${message.replaceAll(item.id, '')}`;
  if (!told.has(shared)) handle.warn(message);
  told.add(shared);
}

/** What the run has warned of. */
const toldIn = oncePer((_run: object) => new Set<string>());

function undeclaredOut(handle: ItemHandle): string | undefined {
  const { build, item, index } = handle;
  const { plan } = build.project;
  const makers = makersIn(plan);
  for (const { where, name } of namedPaths(handle, READ, undefined)) {
    const out = withFoldersAbove(name).find((each) => makers.has(each));
    if (out === undefined || item.deps.some((dep) => covers(dep, out))) continue;
    const maker = makers.get(out) as number;
    // Neither the item itself nor one downstream can be a dep.
    if (allNeeds(plan, [maker]).has(index) || isShared(handle, where)) continue;
    const what = name === out ? 'an out' : `inside the out ${out}`;
    const { id } = itemAt(build, maker);
    return `${where} names ${name}, ${what} of ${id}, but has no dep on it: ${item.id} may run before ${id}, and stays fresh when the out changes. If it reads the out, add "${out}" to its deps`;
  }
  return undefined;
}

/** A file that no item of the pipeline makes. */
function undeclaredFile(handle: ItemHandle): string | undefined {
  const { item } = handle;
  // Elsewhere, the names have another meaning.
  if (item.always || /(?:^|[\s;&|(])(?:cd|pushd)\s/.test(describeAction(item))) return undefined;
  const { reads } = handle.build.project.plan;
  const isParamsFile = (name: string) =>
    reads.some(({ path: file, pattern }) => !pattern && file === name);
  const inScripts = handle.code.kind === 'module' ? READ : LITERAL;
  for (const { where, name, isWritten } of namedPaths(handle, inScripts, READ)) {
    if (isWritten() || !isInput(handle, name) || isShared(handle, where)) continue;
    const consequence = `but has no dep on it: ${item.id} stays fresh when the file changes`;
    if (!isParamsFile(name))
      return `${where} names ${name}, ${consequence}. If it reads the file, add "${name}" to its deps; if it writes the file, to its outs`;
    if (Object.keys(item.params).length === 0 && !takesParams(executedTexts(handle)))
      return `${where} names ${name}, but the stage lists no params: ${item.id} stays fresh when the file changes. List the params that it reads under \`params:\` of the stage`;
  }
  return undefined;
}

/** True for a file of the project that is not a part of the key, and that a user may have written. */
function isInput({ build, item, code }: ItemHandle, name: string): boolean {
  const { root, plan } = build.project;
  const isThere = (where: string) => statIfThere(path.join(root, where)) !== undefined;
  const executed = code.kind === 'command' ? code.executed : [];
  const above = withFoldersAbove(name);
  return (
    !/^(?:\/|\.\.?(?:\/|$)|cache\/|pipeline\.(?:yaml|lock)$|(?:.*\/)?\.env$)/.test(name) &&
    statIfThere(path.join(root, name))?.isFile() === true &&
    !executed.includes(name) &&
    !Object.hasOwn(code.files, name) &&
    !above.some((each) => isToolsOwn(lastName(each)) || lastName(each) === 'node_modules') &&
    !above.some((each) => makersIn(plan).has(each)) &&
    !item.deps.some((dep) => covers(dep, name)) &&
    environmentOf(name, isThere) === undefined
  );
}

/** Code that a program such as `make` starts. */
function undeclaredCode({ build, item }: ItemHandle): string | undefined {
  const { action, deps, always } = item;
  if (always || action.kind === 'module' || coversCode(deps, build.project.root)) return undefined;
  const [beyond] = unfollowedIn(action);
  if (beyond === undefined) return undefined;
  return `pipe does not follow ${beyond}: ${item.id} stays fresh when the code changes. Add the code to its deps, as in [src, "*.py"]`;
}

/** Index of the writing item, by out. */
const makersIn = oncePer(
  ({ items }: Plan): ReadonlyMap<string, number> =>
    new Map(items.flatMap(({ outs }, index) => outs.map((out) => [out.path, index] as const))),
);

const WORD = /[^\s"'`=:;,|&<>(){}[\]$*?!\\]+/g;

/** A text as the first argument of `open`, `pd.read_csv`, `torch.load`, `readFileSync`, `readRDS`. */
const READ = /(?<=\b(?:open|load|read|imread|scan)[\w.]*\(\s*[bfru]*(["'`]))[^"'`\n]+(?=\1)/gi;

/** A whole text, such as `DATA = "data/a.csv"` and the default of an option. */
const LITERAL = /(?<=(["'`]))[^"'`\n]+(?=\1)/g;

const REMOVAL = /(?<=^|[\s;&|(])(?:rm|mkdir|touch)\s[^\n;&|]*/gm;

/** The target of a redirection. */
const REDIRECTION = /(?<=>\|?[ \t]*["']?)[^\s;&|()<>"']+/g;

/** A text as the first argument of `open` for writing, `df.to_csv`, `plt.savefig`. */
const WRITE =
  /(?<=\bopen\(\s*(["'`]))[^"'`\n]+(?=\1\s*,\s*(?:mode\s*=\s*)?["'][wax])|(?<=\b(?:to_|save|write)\w*\(\s*(["'`]))[^"'`\n]+(?=\2)/g;

/** Where a Python module ends for those that import it. */
const MAIN = /^if __name__\s*==[\s\S]*/m;

/** Without an extension, the first line says what a script is. */
const SEARCHED = /(?:^|\/)[^/.]+$|\.(?:(?:ba|z|k)?sh|pyw?|[cm]?[jt]sx?|r|rmd|qmd|jl)$/i;

/** Undefined for a script in another language. */
function patternFor(given: ExecutedText, inScripts: RegExp): RegExp | undefined {
  if (isForShell(given)) return WORD;
  return /\.(?:pyw?|[cm]?[jt]sx?|r|rmd|qmd|jl)$/i.test(given.where) ? inScripts : undefined;
}

interface Named {
  readonly where: string;
  readonly name: string;
  /** True if the same text writes it. */
  isWritten(): boolean;
}

/**
 * Paths in the item's command and its scripts. `inScripts`: those in another language than a shell's.
 * `inImports`: those in the modules that these import. An imported module of paths may name the outs
 * and the files of the whole pipeline.
 */
function* namedPaths(
  handle: ItemHandle,
  inScripts: RegExp,
  inImports: RegExp | undefined,
): Generator<Named> {
  const { code } = handle;
  const isImported = (file: string) =>
    code.kind === 'command' && Object.hasOwn(code.importers, file);
  const isWanted = (file: string) =>
    SEARCHED.test(file) && (inImports !== undefined || !isImported(file));
  for (const given of executedTexts(handle, isWanted)) {
    const isModule = inImports !== undefined && isImported(given.where);
    const pattern = patternFor(given, isModule ? inImports : inScripts);
    if (pattern === undefined) continue;
    const text = withoutComments(isModule ? given.text.replace(MAIN, '') : given.text);
    let written: ReadonlySet<string> | undefined;
    const isWritten = (name: string) => {
      written ??= new Set(pattern === WORD ? writtenByShell(text) : namesIn(text, WRITE));
      return written.has(name);
    };
    for (const name of namesIn(text, pattern)) {
      // A bare word is rather a subcommand or an option's value.
      if (/[./]/.test(name)) yield { where: given.where, name, isWritten: () => isWritten(name) };
    }
  }
}

/** Also what it removes. */
function writtenByShell(text: string): string[] {
  const removed = [...text.matchAll(REMOVAL)].flatMap(([command]) => namesIn(command, WORD));
  return [...namesIn(text, REDIRECTION), ...removed];
}

function namesIn(text: string, pattern: RegExp): string[] {
  const found = [...text.matchAll(pattern)];
  return found.map(([word]) => path.posix.normalize(word).replace(/\/$/, ''));
}

function covers(dep: Dep, name: string): boolean {
  const { gathered = [], within = [], outs = [] } = dep;
  if (!dep.glob) return isWithin(name, dep.path) || isWithin(dep.path, name);
  const glob = parseGlob(dep.path);
  return (
    [...gathered, ...within, ...outs].includes(name) ||
    withFoldersAbove(name).some((each) => matchGlob(glob, each))
  );
}

/** True for a script of several stages, such as one with subcommands: it names the outs of each. */
function isShared({ build, item }: ItemHandle, file: string): boolean {
  return build.selected.some((index) => {
    const code = build.codes.of(index);
    const files = code.kind === 'command' ? code.executed : Object.keys(code.files);
    return itemAt(build, index).stage !== item.stage && files.includes(file);
  });
}
