/** Collects the trace inputs: every path that resolution checked, or would check first. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '../canonical.js';
import { getOrMake } from '../lists.js';
import { statIfThere } from '../sys/if-there.js';
import { realPath } from '../sys/real-place.js';
import type { Metafile } from './esbuild.js';
import { type FsSnapshot, hexOf, newSnapshot } from './fs-snapshot.js';
import type { Lookup, Observed } from './observed.js';
import { upward, within } from './project-paths.js';
import { namesFor, stemOf, type TraceInputs } from './trace-inputs.js';
import { aliasTargets, extendedBy, type PathAliases, pathAliases } from './tsconfig.js';

/**
 * Undefined if a trace input changed during the trace, because it is then unknown which state the
 * trace saw. `startedAt`: start of the trace, by the clock of a file system.
 */
export function collectInputs(
  entry: string,
  metafile: Metafile,
  seen: Observed,
  startedAt: (dev: number) => number,
): TraceInputs | undefined {
  const gathering = new Gathering(seen.root);
  gathering.linked(path.join(seen.root, entry));
  for (const [file, { bytes }] of seen.files) gathering.read(file, bytes);
  const aliases = gathering.surroundings([...seen.files.keys()].map((file) => path.dirname(file)));
  for (const [file, { imports }] of Object.entries(metafile.inputs)) {
    const folder = path.dirname(path.resolve(seen.root, file));
    for (const { path: found, original, external } of imports) {
      // An external import that is not a package was missing, and may appear later.
      const written = original ?? (external ? found : undefined);
      if (written !== undefined && /^\.{0,2}\/|^\.\.?$/.test(written)) {
        gathering.ask(path.resolve(folder, written));
      }
      if (!external) gathering.ask(path.resolve(seen.root, found));
    }
  }
  for (const lookup of seen.lookups.values()) {
    gathering.lookup(lookup);
    for (const target of aliasTargets(lookup.specifier, aliases)) gathering.ask(target);
  }
  const isSettled = [...gathering.newest].every(
    ([dev, time]) => time < startedAt(dev) - CLOCK_TICK_MS,
  );
  return isSettled ? gathering.traceInputs() : undefined;
}

/** File system timestamps come from a clock with coarse ticks. */
const CLOCK_TICK_MS = 12;

export const CONFIGS = ['tsconfig.json', 'jsconfig.json'];

class Gathering {
  /** For each file system, the latest change, in ms, of inputs that the trace did not read itself. */
  readonly newest = new Map<number, number>();
  readonly #root: string;
  readonly #snapshot: FsSnapshot;
  readonly #files: Record<string, string> = {};
  readonly #absent = new Set<string>();
  readonly #links: Record<string, string> = {};
  readonly #stems = new Map<string, Set<string>>();
  readonly #configs = new Map<string, PathAliases | undefined>();

  constructor(root: string) {
    this.#root = root;
    this.#snapshot = newSnapshot(root, (file) => hexOf(path.join(root, file)));
  }

  /** A code file, with the bytes that the trace saw. */
  read(file: string, bytes: Uint8Array): void {
    this.#files[within(this.#root, file)] = sha256(bytes);
  }

  /** An imported path, whose alternatives are inputs too. */
  ask(target: string): void {
    this.#listed(path.dirname(target)).add(stemOf(path.basename(target)));
    this.linked(path.dirname(target));
    if (!statIfThere(target)?.isDirectory()) return;
    this.#listed(target).add('index').add('package');
  }

  /** A path as written, because a link may later replace a folder on the way. */
  linked(file: string): void {
    for (const each of upward(file)) {
      if (each === this.#root) return;
      const where = within(this.#root, each);
      const target = this.#snapshot.link(where);
      if (target === undefined) continue;
      if (target !== '' || each !== file) this.#links[where] = target;
    }
  }

  /**
   * The nearest package.json and tsconfig.json above each folder, with all files that the latter
   * extends.
   */
  surroundings(folders: readonly string[]): PathAliases[] {
    for (const folder of new Set(folders)) {
      this.#nearest(folder, ['package.json']);
      const config = this.#nearest(folder, CONFIGS);
      if (config !== undefined) this.#config(config);
    }
    return [...this.#configs.values()].filter((each) => each !== undefined);
  }

  /** Resolution looks for a package in each node_modules from the importing file upward. */
  lookup({ name, folder, found }: Omit<Lookup, 'specifier'>): void {
    for (const each of upward(folder)) {
      if (path.basename(each) === 'node_modules') continue;
      const modules = path.join(each, 'node_modules');
      if (this.#noteAbsent(modules)) continue;
      const at = path.join(modules, name);
      if (this.#noteAbsent(at)) continue;
      if (this.#package(at, found)) return;
    }
  }

  traceInputs(): TraceInputs {
    const folders: Record<string, TraceInputs['folders'][string]> = {};
    for (const [folder, stems] of this.#stems) {
      const names = namesFor(stems, this.#snapshot.names(folder));
      for (const name of names) this.linked(path.join(this.#root, folder, name));
      folders[folder] = { stems: [...stems].sort(), names };
    }
    return { files: this.#files, absent: [...this.#absent], links: this.#links, folders };
  }

  /** True if the import resolved to it. */
  #package(folder: string, found: string | undefined): boolean {
    const where = within(this.#root, folder);
    this.#links[where] = this.#snapshot.link(where) ?? '';
    // Resolution skips a broken link.
    if (!existsSync(folder)) return false;
    this.#age(folder);
    const real = realPath(folder);
    const manifest = path.join(real, 'package.json');
    if (!this.#noteAbsent(manifest)) this.#note(manifest);
    return found?.startsWith(real + path.sep) ?? false;
  }

  #nearest(folder: string, names: readonly string[]): string | undefined {
    for (const each of upward(folder)) {
      for (const name of names) {
        const file = path.join(each, name);
        if (this.#noteAbsent(file)) continue;
        this.#note(file);
        return file;
      }
    }
    return undefined;
  }

  #config(file: string): void {
    if (this.#configs.has(file)) return;
    this.#configs.set(file, pathAliases(file));
    for (const base of extendedBy(file)) {
      if (base.kind === 'package') {
        this.lookup({ name: base.name, folder: path.dirname(file), found: undefined });
      } else if (!this.#noteAbsent(base.file)) {
        this.#note(base.file);
        this.#config(base.file);
      }
    }
  }

  #note(file: string): void {
    const where = within(this.#root, file);
    const hex = this.#snapshot.hex(where);
    if (hex === undefined) return;
    this.#files[where] ??= hex;
    this.#age(file);
  }

  #noteAbsent(file: string): boolean {
    const where = within(this.#root, file);
    if (this.#snapshot.exists(where)) return false;
    this.#absent.add(where);
    return true;
  }

  #listed(folder: string): Set<string> {
    const where = within(this.#root, folder);
    return getOrMake(this.#stems, where, () => {
      this.#age(folder);
      return new Set();
    });
  }

  #age(file: string): void {
    const stat = statIfThere(file);
    if (stat === undefined) return;
    this.newest.set(stat.dev, Math.max(this.newest.get(stat.dev) ?? 0, stat.mtimeMs));
  }
}
