/**
 * Notes of the outs that pipe wrote outside `cache/out/`, so that files that another profile or an
 * earlier pipeline left there do not count as the user's. One small file for each path, in the same
 * folders as in the workspace.
 */
import path from 'node:path';
import type { ReadSet } from '../../noop/read-set.js';
import { namesIn, statIfThere } from '../../sys/if-there.js';
import { foldersAbove, lastName, parentOf } from '../../sys/is-within.js';
import { type Digest, isDigest } from '../objects/digest.js';

/**
 * Without a result. `begun`: the execution may still write there, or was killed; `ended`: it cannot
 * write any more.
 */
export type Wrote = Digest | 'begun' | 'ended';

/**
 * In a note `ended`: the ctime of what the execution left, in ms. A file with a later ctime is the
 * user's.
 */
export interface EndedNote {
  readonly ctimeMs: number;
}

/** Prefix of folders: a folder and an out may have the same name at different times. */
const FOLDER = 'd.';
const FILE = 'f.';

const NOTHING: readonly string[] = [];

/** The system's limit for a name, less the prefix. */
const LONGEST = 250;

export class Written {
  readonly #folder: string;
  readonly #readSet: ReadSet;
  readonly #names = new Map<string, Set<string>>();

  /** `folder`: contains the notes. */
  constructor(folder: string, readSet: ReadSet) {
    this.#folder = folder;
    this.#readSet = readSet;
  }

  /** Path of an out's note; undefined when its names are too long. */
  fileOf(out: string): string | undefined {
    const names = out.split('/');
    if (names.some((name) => Buffer.byteLength(name) > LONGEST)) return undefined;
    const last = names.pop() as string;
    return path.join(this.#folder, ...names.map((name) => FOLDER + name), FILE + last);
  }

  /** True if the out has a note. Reads each folder on the way once. */
  has(out: string): boolean {
    return this.#namesIn(parentOf(out)).has(FILE + lastName(out));
  }

  /** The outs below a folder, in no particular order. */
  below(folder: string): readonly string[] {
    if (!this.#hasFolder(folder)) return NOTHING;
    const found: string[] = [];
    const stack = [folder];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      for (const name of this.#namesIn(at)) {
        const inner = `${at}/${name.slice(FOLDER.length)}`;
        if (name.startsWith(FILE)) found.push(inner);
        else stack.push(inner);
      }
    }
    return found;
  }

  remove(out: string): void {
    this.#namesIn(parentOf(out)).delete(FILE + lastName(out));
  }

  add(out: string): void {
    this.#namesIn(parentOf(out)).add(FILE + lastName(out));
    for (const folder of foldersAbove(out))
      this.#namesIn(parentOf(folder)).add(FOLDER + lastName(folder));
  }

  #hasFolder(folder: string): boolean {
    return folder === '' || this.#namesIn(parentOf(folder)).has(FOLDER + lastName(folder));
  }

  #namesIn(folder: string): Set<string> {
    const known = this.#names.get(folder);
    if (known !== undefined) return known;
    const names = new Set(this.#hasFolder(folder) ? this.#list(folder) : []);
    this.#names.set(folder, names);
    return names;
  }

  #list(folder: string): readonly string[] {
    const names = folder === '' ? [] : folder.split('/').map((name) => FOLDER + name);
    const where = path.join(this.#folder, ...names);
    this.#readSet.recordStat(where, statIfThere(where));
    return namesIn(where);
  }
}

export function isWrote(body: unknown): body is Exclude<Wrote, 'ended'> {
  return body === 'begun' || isDigest(body);
}

export function isEnded(body: unknown): body is EndedNote {
  return typeof (body as EndedNote | null)?.ctimeMs === 'number';
}
