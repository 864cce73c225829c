/**
 * What a trace rests on: the content of what was read, and the shape of the folders in which imports
 * were looked for. While all of it is as it was, tracing again would give the same.
 */
import { isOutside } from './place.js';
import type { Sight } from './sight.js';

/** Paths are relative to the project. */
export interface Basis {
  /** SHA-256 of each file's bytes: code, package.json, tsconfig.json. */
  readonly files: Readonly<Record<string, string>>;
  /** What was not there, and would have been taken instead of what was. */
  readonly absent: readonly string[];
  /** Folders of packages: target of the link, empty for a folder. */
  readonly links: Readonly<Record<string, string>>;
  readonly folders: Readonly<Record<string, Listing>>;
}

/** The names in a folder that an import could have meant: `x.ts` and `x/` for `./x.js`. */
export interface Listing {
  /** What was asked for, by stem; sorted. */
  readonly stems: readonly string[];
  /** What was there for it; sorted. */
  readonly names: readonly string[];
}

export function holds({ files, absent, links, folders }: Basis, sight: Sight): boolean {
  for (const file in files) if (sight.hex(file) !== files[file]) return false;
  for (const where of absent) if (sight.exists(where)) return false;
  for (const where in links) if (sight.link(where) !== links[where]) return false;
  for (const folder in folders) {
    const { stems, names } = folders[folder] as Listing;
    if (!isSame(namesFor(new Set(stems), sight.names(folder)), names)) return false;
  }
  return true;
}

/**
 * The places where a change may be one of the trace. Outside of the project only files: where nothing
 * is, and folders, would have to be watched from far above.
 */
export function placesIn({ files, absent, links }: Basis): string[] {
  const led = Object.keys(links).filter((where) => links[where] !== '');
  return [...Object.keys(files), ...[...led, ...absent].filter((where) => !isOutside(where))];
}

/** Of the names in a folder those that go with one of the stems. */
export function namesFor(stems: ReadonlySet<string>, names: readonly string[]): string[] {
  return names.filter((name) => stems.has(stemOf(name)));
}

/** `x` for `x`, `x.ts`, `x.test.ts`; `.x` for `.x.ts`. */
export function stemOf(name: string): string {
  const dot = name.indexOf('.', 1);
  return dot < 0 ? name : name.slice(0, dot);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}
