/** The loads that the text of a Python file contains. */
import type { SearchFolder } from './search-folders.js';
import type { Started } from './started-programs.js';
import type { PlaceInFile } from './token-reader.js';

/** An import as written, before resolution. */
interface PythonImport {
  /** Dotted name; empty for `from . import x`. */
  readonly name: string;
  /** Number of leading dots; 0 for an absolute import. */
  readonly level: number;
  /** Names after `import`, each possibly a submodule; `*` for all names in `__all__`. */
  readonly names: readonly string[];
  /** Executed as a program, like `python -m`: a package by its `__main__`. */
  readonly main?: boolean;
}

/** What determines the relative imports of code, and its `__file__`. */
export interface Namespace {
  /** The package, empty for none. */
  readonly parent: string;
  /** Absent for the text of a command. */
  readonly file?: string;
}

/** An executed file: `exec(open("x.py").read())`. */
export interface Executed extends SearchFolder {
  /** The origin of its `__file__` and its package: the code that executes it, itself, or unknown. */
  readonly namespace: 'executor' | 'own' | 'either';
}

/** Code loaded in a way that pipe cannot follow. */
export interface Opaque {
  readonly message: string;
  /** Of configurations that it reads, relative to the file's folder. */
  readonly folder?: string;
  readonly place: PlaceInFile;
}

export interface AddedFolder extends SearchFolder {
  readonly place: PlaceInFile;
}

export interface Imports {
  readonly imports: PythonImport[];
  readonly executes: Executed[];
  /** Programs that the file starts. */
  readonly starts: Started[];
  /** Strings in `__all__`. */
  readonly all: string[];
  /** Folders that the file adds to the search path. */
  readonly search: AddedFolder[];
  readonly opaque: Opaque[];
}

/** Undefined for a relative import that leaves its package. */
export function absoluteName(
  { name, level }: PythonImport,
  { parent }: Namespace,
): string | undefined {
  if (level === 0) return name;
  const parts = parent === '' ? [] : parent.split('.');
  if (level > parts.length) return undefined;
  const base = parts.slice(0, parts.length - level + 1).join('.');
  return name === '' ? base : `${base}.${name}`;
}
