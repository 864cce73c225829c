/**
 * Finds modules of the project by the rules of Python's import system. Records failed lookups too, so
 * that a file added later that would take precedence is detected.
 */

import { getOrMake } from '../../lists.js';
import { inFolder, isWithin, lastName, parentOf } from '../../sys/is-within.js';
import type { FsSnapshot } from '../fs-snapshot.js';
import { EVERY_STEM, namesFor, stemOf, type TraceInputs } from '../trace-inputs.js';

/** One part of a dotted name. */
export interface Step {
  /** The dotted name up to this part. */
  readonly name: string;
  /** Candidate files; empty for a namespace package. */
  readonly files: readonly string[];
  readonly isPackage: boolean;
}

/** Folders relative to the project, in search order. */
export type SearchPath = readonly string[];

/** Name of an extension module; next to a `.py`, it may belong to another Python. */
const EXTENSION = /^[^.]+(?:\.[^.]+)?\.(?:so|pyd)$/;

/** Limit for a link to a folder above itself, which would give endless names. */
const DEEPEST = 32;

export class Finder {
  readonly #snapshot: FsSnapshot;
  readonly #stems = new Map<string, Map<string, readonly string[]>>();

  constructor(snapshot: FsSnapshot) {
    this.#snapshot = snapshot;
  }

  /** The steps of a dotted name, as far as they exist. */
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

  /** True if the file exists; records the lookup. */
  has(file: string): boolean {
    const name = lastName(file);
    return this.#names(parentOf(file), stemOf(name)).includes(name);
  }

  /** Everything in the folder; records the lookup. */
  all(folder: string): string[] {
    return this.#names(folder, EVERY_STEM).map((name) => inFolder(folder, name));
  }

  /** The existing names for the stem in the folder; records the lookup. */
  #names(folder: string, stem: string): readonly string[] {
    // Outs are not code of the project.
    if (isWithin(folder, 'cache')) return [];
    const stems = getOrMake(this.#stems, folder, () => new Map<string, readonly string[]>());
    return getOrMake(stems, stem, () => namesFor(new Set([stem]), this.#snapshot.names(folder)));
  }

  /** The trace inputs: names in the folders that were searched. */
  folders(): TraceInputs['folders'] {
    const entries = [...this.#stems].map(([folder, stems]) => {
      const names = [...new Set([...stems.values()].flat())].sort();
      return [folder, { stems: [...stems.keys()].sort(), names }] as const;
    });
    return Object.fromEntries(entries);
  }

  /** A package, else a module, else the folders of a namespace package; the first in the path wins. */
  #part(part: string, path: SearchPath) {
    const portions: string[] = [];
    for (const folder of path) {
      const names = this.#names(folder, part);
      if (names.length === 0) continue;
      const inner = inFolder(folder, part);
      const inits = names.includes(part) ? modulesIn(this.#names(inner, '__init__')) : [];
      if (inits.length > 0) {
        return {
          files: inits.map((name) => inFolder(inner, name)),
          isPackage: true,
          folders: [inner],
        };
      }
      const files = modulesIn(names).map((name) => inFolder(folder, name));
      if (files.length > 0) return { files, isPackage: false, folders: [] };
      if (names.includes(part)) portions.push(inner);
    }
    return portions.length > 0 ? { files: [], isPackage: true, folders: portions } : undefined;
  }
}

/** Bytecode counts only without its source. */
function modulesIn(names: readonly string[]): string[] {
  const modules = names.filter((name) => /^[^.]+\.py$/.test(name) || EXTENSION.test(name));
  return modules.length > 0 ? modules : names.filter((name) => /^[^.]+\.pyc$/.test(name));
}
