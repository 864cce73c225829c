/**
 * Where modules of the project lie, by the rules of Python's import system. What was looked for is kept
 * with what was found, so that a file which comes later and would be meant instead is noticed.
 */
import { type Basis, namesFor, stemOf } from '../basis.js';
import type { Sight } from '../sight.js';

/** One name on the way of a dotted name. */
export interface Step {
  /** Dotted name up to here. */
  readonly name: string;
  /** Files that may be meant; none for a namespace package. */
  readonly files: readonly string[];
  readonly isPackage: boolean;
}

/** Folders relative to the project, in the order in which they are asked. */
export type SearchPath = readonly string[];

/** What an extension module is called; one of these beside a `.py` may be of another Python. */
const EXTENSION = /^[^.]+(?:\.[^.]+)?\.(?:so|pyd)$/;

/** A link that leads to a folder above itself makes names without end. */
const DEEPEST = 32;

export class Finder {
  readonly #sight: Sight;
  readonly #stems = new Map<string, Map<string, readonly string[]>>();

  constructor(sight: Sight) {
    this.#sight = sight;
  }

  /** The steps of a dotted name, as far as they are there. */
  find(name: string, path: SearchPath): Step[] {
    const steps: Step[] = [];
    let folders = path;
    let before = '';
    for (const part of name.split('.', DEEPEST)) {
      const found = this.#part(part, folders);
      if (found === undefined) break;
      before = before === '' ? part : `${before}.${part}`;
      steps.push({ name: before, files: found.files, isPackage: found.isPackage });
      folders = found.folders;
    }
    return steps;
  }

  /** True when the file is there. */
  has(file: string): boolean {
    const slash = file.lastIndexOf('/');
    const name = file.slice(slash + 1);
    return this.#names(file.slice(0, Math.max(0, slash)), stemOf(name)).includes(name);
  }

  /** Names in a folder that go with a stem; notes that it was looked for. */
  #names(folder: string, stem: string): readonly string[] {
    // What stages make is not code of the project.
    if (folder === 'cache' || folder.startsWith('cache/')) return [];
    const stems = this.#stems.get(folder) ?? new Map<string, readonly string[]>();
    this.#stems.set(folder, stems);
    const known = stems.get(stem) ?? namesFor(new Set([stem]), this.#sight.names(folder));
    stems.set(stem, known);
    return known;
  }

  /** What the trace rests on: the names in folders that were asked for. */
  folders(): Basis['folders'] {
    const entries = [...this.#stems].map(([folder, stems]) => {
      const names = [...stems.values()].flat().sort();
      return [folder, { stems: [...stems.keys()].sort(), names }] as const;
    });
    return Object.fromEntries(entries);
  }

  /** A package, else a module, else the folders of a namespace package; the first in the path counts. */
  #part(part: string, path: SearchPath) {
    const portions: string[] = [];
    for (const folder of path) {
      const names = this.#names(folder, part);
      if (names.length === 0) continue;
      const inner = at(folder, part);
      const inits = names.includes(part) ? this.#names(inner, '__init__').filter(isModule) : [];
      if (inits.length > 0) {
        return { files: inits.map((name) => at(inner, name)), isPackage: true, folders: [inner] };
      }
      const files = names.filter(isModule).map((name) => at(folder, name));
      if (files.length > 0) return { files, isPackage: false, folders: [] };
      if (names.includes(part)) portions.push(inner);
    }
    return portions.length > 0 ? { files: [], isPackage: true, folders: portions } : undefined;
  }
}

function at(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

function isModule(name: string): boolean {
  return /^[^.]+\.py$/.test(name) || EXTENSION.test(name);
}
