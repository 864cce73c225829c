/**
 * Commands that read a params file themselves. They see the file as it is, and neither `--set` nor
 * profiles, so the key may contain other values than they compute with.
 */
import path from 'node:path';
import type { ItemHandle } from '../decide/build-context.js';
import { leavesOf } from '../json.js';
import { valuesNow } from '../pipeline/param-files.js';
import { PlanFiles } from '../pipeline/plan-files.js';
import { statIfThere, textIfThere } from '../sys/if-there.js';
import { executedTexts } from './executed-texts.js';

/**
 * Warns that the command does not see the values of `--set`, a profile or a later entry of `params`.
 *
 * @returns the file, if its values have changed since the plan was made: the item must not start
 */
export function misreading(handle: ItemHandle): string | undefined {
  const all = misreadParams(handle);
  const changed = all.find(({ isEdited }) => isEdited);
  const [first] = all;
  if (changed === undefined && first !== undefined) {
    const { reader, file, param, there, wanted } = first;
    handle.warn(
      `${reader} names ${file}, where ${param} is ${JSON.stringify(there)}, but the result is recorded for ${JSON.stringify(wanted)}: write \${${param}} in the command, read ${param} from the JSON file that PIPE_CONTEXT names, or edit ${file}`,
    );
  }
  return changed?.file;
}

/** The params files that the command of an item reads, as they are at its start. */
export class OwnParams {
  readonly #handle: ItemHandle;
  readonly #before: ReadonlyMap<string, FileState>;

  constructor(handle: ItemHandle) {
    this.#handle = handle;
    const files = [...paramsReaders(handle).keys()];
    this.#before = new Map(files.map((file) => [file, this.#stateOf(file)]));
  }

  /** The file that was edited if a listed param has another value now. Other params do not count. */
  edited(): string | undefined {
    return misreadParams(this.#handle).find(({ isEdited }) => isEdited)?.file;
  }

  /** A file with its old text that was written in between: the command may have read another value. */
  rewritten(): string | undefined {
    for (const [file, { stat, text }] of this.#before) {
      const now = this.#stateOf(file);
      if (now.stat !== stat && now.text === text) return file;
    }
    return undefined;
  }

  #stateOf(file: string): FileState {
    const absolute = path.join(this.#handle.build.project.root, file);
    const stat = statIfThere(absolute);
    const text = textIfThere(absolute);
    return { stat: stat && `${stat.ino} ${stat.ctimeMs}`, text };
  }
}

interface FileState {
  readonly stat: string | undefined;
  readonly text: string | undefined;
}

interface Misread {
  readonly reader: string;
  readonly file: string;
  readonly isEdited: boolean;
  readonly param: string;
  readonly there: unknown;
  readonly wanted: unknown;
}

/** Listed params that have another value in the files that the command reads than in the key. */
function misreadParams(handle: ItemHandle): Misread[] {
  const { build, item } = handle;
  const { project } = build;
  const read = new Map<string, Omit<Misread, 'wanted'>>();
  // Like pipe, a program that reads several files lets later ones override earlier ones.
  for (const [file, reader] of paramsReaders(handle)) {
    const planned = project.plan.reads.filter((each) => each.path === file);
    const isEdited = !new PlanFiles(project.root).hold(planned);
    for (const [param, there] of leavesOf(valuesNow(project.root, file) ?? {}))
      read.set(param, { reader, file, isEdited, param, there });
  }
  if (read.size === 0) return [];
  return Object.entries(item.params)
    .flatMap(([name, value]) => leavesOf(value, name))
    .flatMap(([param, wanted]) => {
      const found = read.get(param);
      const isGiven = param === item.epochs?.param || Object.hasOwn(item.filled ?? {}, param);
      if (!found || isGiven || JSON.stringify(found.there) === JSON.stringify(wanted)) return [];
      return [{ ...found, wanted }];
    });
}

/**
 * Params files that the command or one of its scripts names, with who names them. Empty if one of
 * them takes its params from pipe.
 */
export function paramsReaders(handle: ItemHandle): ReadonlyMap<string, string> {
  const { build, item, code } = handle;
  const files = build.project.plan.reads.filter(({ pattern }) => !pattern).map((read) => read.path);
  const listsParams = Object.keys(item.params).length > 0;
  if (files.length === 0 || !listsParams || code.kind !== 'command') return new Map();
  if (takesParams(handle)) return new Map();
  const texts = [...executedTexts(handle)];
  return new Map(
    files.flatMap((file): [string, string][] => {
      const reader = texts.find(({ text }) => names(text, file));
      return reader ? [[file, reader.where]] : [];
    }),
  );
}

/** True if the command or one of its scripts takes its params from pipe. */
export function takesParams(handle: ItemHandle): boolean {
  return [...executedTexts(handle)].some(
    ({ text }) =>
      /\bPIPE_CONTEXT\b/.test(text) || (/\bpipe_run\b/.test(text) && /\bcontext\b/.test(text)),
  );
}

/**
 * The text may contain the last parts of the path only, because programs join paths: `conf/a.yaml`
 * is named by `a.yaml` and `../conf/a.yaml`, and not by `old/conf/a.yaml` or `a.yaml.bak`.
 */
function names(text: string, file: string): boolean {
  const [name = file, ...folders] = file.split('/').reverse();
  // DVC's function for params reads this file by default.
  if (name === 'params.yaml' && /\bparams_show\b/.test(text)) return true;
  // Hydra takes the name without its ending.
  const [, config] = /\bconfig_name\s*=\s*["']([^"']+)["']/.exec(text) ?? [];
  if (name === `${config}.yaml` || name === `${config}.yml`) return true;
  for (const [token] of text.matchAll(/[\w./@%+-]+/g)) {
    if (!token.endsWith(name)) continue;
    const [last, ...above] = token.split('/').reverse();
    if (last !== name) continue;
    const own = above.filter((part) => part !== '' && part !== '.' && part !== '..');
    if (own.every((part, depth) => part === folders[depth])) return true;
  }
  return false;
}
