/** What the text of a Python file says about the code that it loads. */
import type { SearchFolder } from './search-folders.js';
import type { Started } from './started-programs.js';
import type { PlaceInFile } from './token-reader.js';

/** An import as written, before resolution. */
export interface PythonImport {
  /** Dotted name; empty for `from . import x`. */
  readonly name: string;
  /** Number of leading dots; 0 for an absolute import. */
  readonly level: number;
  /** Names behind `import`, each possibly a submodule; `*` for all names in `__all__`. */
  readonly names: readonly string[];
  /** Executed as a program, like `python -m`: a package by its `__main__`. */
  readonly main?: boolean;
}

/** Code loaded in a way that pipe cannot follow. */
export interface Opaque {
  readonly message: string;
  readonly place: PlaceInFile;
}

export interface AddedFolder extends SearchFolder {
  readonly place: PlaceInFile;
}

export interface Imports {
  readonly imports: PythonImport[];
  /** Executed files: `exec(open("x.py").read())`. */
  readonly executes: SearchFolder[];
  /** Programs that the file starts. */
  readonly starts: Started[];
  /** Strings in `__all__`. */
  readonly all: string[];
  /** Folders that the file adds to the search path. */
  readonly search: AddedFolder[];
  readonly opaque: Opaque[];
}
