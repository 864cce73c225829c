/** Items whose command reads a params file itself: what it reads is warned of, and must not change meanwhile. */
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { paramsReaders } from '../code/params-readers.js';
import type { ItemHandle } from '../decide/build-context.js';
import {
  digestsRead,
  filesRead,
  type Misread,
  misreads,
  valuesIn,
} from '../decide/misread-params.js';
import { statIfThere, textIfThere } from '../sys/if-there.js';
import { executedTexts } from './executed-texts.js';

/**
 * Warns that the command does not see the values of `--set`, a profile or a later entry of `params`.
 *
 * @returns the file, if its values have changed since the item was decided: it must not start
 */
export function misreading(handle: ItemHandle): string | undefined {
  const found = misreadNow(handle);
  const changed = changedFile(handle, found);
  const [first] = found;
  if (changed === undefined && first !== undefined) {
    const { reader, file, param, there, wanted } = first;
    const unseen =
      wanted === undefined
        ? `that this run has no ${param}: read the params`
        : `the value ${JSON.stringify(wanted)} of this run: write \${${param}} in the command, read ${param}`;
    const place =
      there === undefined ? `which has no ${param}` : `where ${param} is ${JSON.stringify(there)}`;
    handle.warn(
      `${reader} names ${file}, ${place}, and does not see ${unseen} from the JSON file that PIPE_CONTEXT names, or edit ${file}`,
    );
  }
  return changed;
}

/** The params files that the command of an item reads, as they are at its start. */
export class OwnParams {
  readonly #handle: ItemHandle;
  readonly #before: ReadonlyMap<string, FileState>;

  constructor(handle: ItemHandle) {
    this.#handle = handle;
    const files = [...paramsReadersOf(handle).keys()];
    this.#before = new Map(files.map((file) => [file, this.#stateOf(file)]));
  }

  /** The file that was edited if a listed param has another value now. Other params do not count. */
  edited(): string | undefined {
    return changedFile(this.#handle, misreadNow(this.#handle));
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

function misreadNow(handle: ItemHandle): Misread[] {
  const { item, build } = handle;
  const { plan, root } = build.project;
  return misreads(item, paramsReadersOf(handle), plan, valuesIn(root));
}

/** The first file with other values than when the item was decided. */
function changedFile({ item, code }: ItemHandle, found: readonly Misread[]): string | undefined {
  const before = (code.kind === 'command' && code.ownParams) || {};
  const now = digestsRead(item, found);
  if (isDeepStrictEqual(before, now)) return undefined;
  return Object.keys({ ...before, ...now }).find((file) => before[file] !== now[file]);
}

/** Params files that the command or one of its scripts names, with who names them. */
export function paramsReadersOf(handle: ItemHandle): ReadonlyMap<string, string> {
  const { build, item, code } = handle;
  const files = filesRead(build.project.plan);
  const listsParams = Object.keys(item.params).length > 0;
  if (files.length === 0 || !listsParams || code.kind !== 'command') return new Map();
  return paramsReaders(build.project.root, files, [...executedTexts(handle)]);
}
