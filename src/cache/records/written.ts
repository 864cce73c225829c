/**
 * The outs that pipe wrote in the workspace and not below `cache/out/`, so that what another profile
 * or an earlier pipeline left there is not taken for a file of the user's. One small file for each
 * path, in folders as those of the workspace.
 */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { isAbsent } from '../files/errors.js';
import { type Digest, isDigest } from '../objects/digest.js';
import type { Looks } from '../scan/looks.js';

/** Of an execution that brought no result: `begun` it may still write there or was killed, `ended` it does not any more. */
export type Wrote = Digest | 'begun' | 'ended';

/** Folders and outs may have one name, at different times. */
const FOLDER = 'd.';
const FILE = 'f.';

const NOTHING: readonly string[] = [];

/** What the system allows for a name, less the prefix. */
const LONGEST = 250;

export class Written {
  readonly #folder: string;
  readonly #looks: Looks;
  readonly #names = new Map<string, Set<string>>();

  /** `folder`: where the notes lie. */
  constructor(folder: string, looks: Looks) {
    this.#folder = folder;
    this.#looks = looks;
  }

  /** Where the note of an out lies; undefined of one whose names are too long. */
  fileOf(out: string): string | undefined {
    const names = out.split('/');
    if (names.some((name) => Buffer.byteLength(name) > LONGEST)) return undefined;
    const last = names.pop() as string;
    return path.join(this.#folder, ...names.map((name) => FOLDER + name), FILE + last);
  }

  /** Is there a note of this out? Found out from the folders that lead to it, each read once. */
  has(out: string): boolean {
    const at = out.lastIndexOf('/');
    return this.#namesIn(out.slice(0, Math.max(0, at))).has(FILE + out.slice(at + 1));
  }

  /** The outs below a folder, in no order. */
  below(folder: string): readonly string[] {
    const end = folder.lastIndexOf('/');
    const names = this.#namesIn(folder.slice(0, Math.max(0, end)));
    if (folder !== '' && !names.has(FOLDER + folder.slice(end + 1))) return NOTHING;
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
    const at = out.lastIndexOf('/');
    this.#namesIn(out.slice(0, Math.max(0, at))).delete(FILE + out.slice(at + 1));
  }

  /** A note was added. */
  add(out: string): void {
    let at = out.lastIndexOf('/');
    this.#namesIn(out.slice(0, Math.max(0, at))).add(FILE + out.slice(at + 1));
    while (at > 0) {
      const folder = out.slice(0, at);
      at = folder.lastIndexOf('/');
      this.#namesIn(folder.slice(0, Math.max(0, at))).add(FOLDER + folder.slice(at + 1));
    }
  }

  #namesIn(folder: string): Set<string> {
    const known = this.#names.get(folder);
    if (known !== undefined) return known;
    const at = folder.lastIndexOf('/');
    const isThere =
      folder === '' ||
      this.#namesIn(folder.slice(0, Math.max(0, at))).has(FOLDER + folder.slice(at + 1));
    const names = new Set(isThere ? this.#list(folder) : []);
    this.#names.set(folder, names);
    return names;
  }

  #list(folder: string): readonly string[] {
    const names = folder === '' ? [] : folder.split('/').map((name) => FOLDER + name);
    const where = path.join(this.#folder, ...names);
    this.#looks.sawBehind(where, statSync(where, { throwIfNoEntry: false }));
    try {
      return readdirSync(where);
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  }
}

export function isWrote(body: unknown): body is Wrote {
  return body === 'begun' || body === 'ended' || isDigest(body);
}
