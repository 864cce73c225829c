/**
 * Trace inputs: the contents that a trace read, and the names in folders where imports were looked
 * up. While they are unchanged, the trace is valid.
 */

import { isDeepStrictEqual } from 'node:util';
import { inFolder } from '../sys/is-within.js';
import type { FsSnapshot } from './fs-snapshot.js';
import { isOutside } from './project-paths.js';

/** Paths are relative to the project. */
export interface TraceInputs {
  /** SHA-256 of each file's bytes: code, package.json, tsconfig.json. */
  readonly files: Readonly<Record<string, string>>;
  /** Absent paths that would have been used instead if they existed. */
  readonly absent: readonly string[];
  /** Folders of packages: target of the link; empty for a folder. */
  readonly links: Readonly<Record<string, string>>;
  readonly folders: Readonly<Record<string, Listing>>;
}

/** The names in a folder that an import may mean: `x.ts` and `x/` for `./x.js`. */
interface Listing {
  /** The requested stems, sorted. */
  readonly stems: readonly string[];
  /** The names found for them, sorted. */
  readonly names: readonly string[];
}

export function holds(
  { files, absent, links, folders }: TraceInputs,
  snapshot: FsSnapshot,
): boolean {
  for (const file in files) if (snapshot.hex(file) !== files[file]) return false;
  for (const where of absent) if (snapshot.exists(where)) return false;
  for (const where in links) if (snapshot.link(where) !== links[where]) return false;
  for (const folder in folders) {
    const { stems, names } = folders[folder] as Listing;
    if (!isDeepStrictEqual(namesFor(new Set(stems), snapshot.names(folder)), names)) return false;
  }
  return true;
}

/**
 * The places to watch for changes of the trace. Outside the project only files, because watching
 * absent paths and folders would mean watching folders far above.
 */
export function placesIn(inputs: TraceInputs): string[] {
  const { files, absent, links } = inputs;
  const led = Object.keys(links).filter((where) => links[where] !== '');
  const others = [...led, ...absent, ...absentModules(inputs)];
  return [...Object.keys(files), ...others.filter((where) => !isOutside(where))];
}

/** Modules and packages of Python that would be found first, or at all, if they existed. */
function absentModules({ files, folders }: TraceInputs): string[] {
  if (!Object.keys(files).some((file) => /\.(?:pyw?|ipynb)$/i.test(file))) return [];
  return Object.entries(folders).flatMap(([folder, { stems, names }]) =>
    stems
      .filter((stem) => stem !== EVERY_STEM)
      .flatMap((stem) => [stem, `${stem}.py`])
      .filter((name) => !names.includes(name))
      .map((name) => inFolder(folder, name)),
  );
}

/** A stem that stands for all names. */
export const EVERY_STEM = '*';

/** The names in a folder that belong to one of the stems. */
export function namesFor(stems: ReadonlySet<string>, names: readonly string[]): string[] {
  return names.filter((name) => stems.has(EVERY_STEM) || stems.has(stemOf(name)));
}

/** `x` for `x`, `x.ts`, `x.test.ts`; `.x` for `.x.ts`. */
export function stemOf(name: string): string {
  const dot = name.indexOf('.', 1);
  return dot < 0 ? name : name.slice(0, dot);
}
