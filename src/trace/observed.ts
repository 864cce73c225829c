/** What a trace sees on its way: every file it read, every package that was asked for. */
import type { Links, PlaceKind } from './placeholder.js';
import type { Prologue } from './prologue.js';

export interface Observed {
  /** Absolute path of the project, links followed. */
  readonly root: string;
  /** Local files by absolute path. */
  readonly files: Map<string, SeenFile>;
  /** Placeholders other than those of packages. */
  readonly links: Record<string, Links[string]>;
  /** Uses of installed packages, by placeholder. */
  readonly packages: Map<string, PackageUse>;
  /** Packages that are not there, by what was imported: optional, or tried. */
  readonly absent: Set<string>;
  /** Every import of a package by name, resolved or not: where a package would be looked for. */
  readonly lookups: Map<string, Lookup>;
}

export interface SeenFile {
  /** Just as it was read. */
  readonly bytes: Uint8Array;
  readonly prologue: Prologue | undefined;
}

export interface PackageUse {
  readonly kind: Extract<PlaceKind, 'import' | 'require'>;
  readonly name: string;
  readonly version: string;
  /** Absolute path of the file that is loaded. */
  readonly file: string;
  /** What was written for it. */
  readonly specifiers: Set<string>;
  /** Absolute paths of the files that import it. */
  readonly importers: Set<string>;
}

export interface Lookup {
  readonly name: string;
  /** The name with what is imported of the package. */
  readonly specifier: string;
  /** Absolute path of the folder whose file imports it. */
  readonly folder: string;
  /** Absolute path of the file that it leads to. */
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
