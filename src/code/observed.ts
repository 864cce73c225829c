/** Everything that a trace saw: each file that it read, each package that it looked up. */
import type { Links, PlaceKind } from './placeholder.js';
import type { Prologue } from './prologue.js';

export interface Observed {
  /** Absolute real path of the project. */
  readonly root: string;
  /** Local files by absolute path. */
  readonly files: Map<string, SeenFile>;
  /** Placeholders other than those of packages. */
  readonly links: Record<string, Links[string]>;
  /** Uses of installed packages, by placeholder. */
  readonly packages: Map<string, PackageUse>;
  /** Missing packages, by specifier: optional, or in a try block. */
  readonly absent: Set<string>;
  /** Every import of a package by name, resolved or not, for the places where resolution looks. */
  readonly lookups: Map<string, Lookup>;
}

interface SeenFile {
  readonly bytes: Uint8Array;
  readonly prologue: Prologue | undefined;
}

export interface PackageUse {
  readonly kind: Extract<PlaceKind, 'import' | 'require'>;
  readonly name: string;
  readonly version: string;
  /** Absolute path of the file that is loaded. */
  readonly file: string;
  /** The specifiers used for it. */
  readonly specifiers: Set<string>;
  /** Absolute paths of the files that import it. */
  readonly importers: Set<string>;
}

export interface Lookup {
  readonly name: string;
  /** The full specifier, with the subpath. */
  readonly specifier: string;
  /** Absolute path of the importing file's folder. */
  readonly folder: string;
  /** Absolute path of the resolved file. */
  readonly found: string | undefined;
}

export function observe(root: string): Observed {
  return {
    root,
    files: new Map(),
    links: {},
    packages: new Map(),
    absent: new Set(),
    lookups: new Map(),
  };
}
