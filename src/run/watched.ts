/** Which files count for watch mode: pipeline.yaml, traced code, and deps that no item makes. */
import { type Glob, matchGlob, mayHold, parseGlob } from '../pipeline/glob.js';
import { PIPELINE_FILE } from '../pipeline/source.js';
import type { Work } from './work.js';

/** What one item reads of the user's. */
interface Reads {
  readonly item: string;
  readonly index: number;
  /** Files and folders: what lies below a folder counts too. */
  readonly paths: readonly string[];
  readonly globs: readonly Glob[];
}

export class Watched {
  readonly #reads: readonly Reads[];
  readonly #needs: (index: number) => readonly number[];

  constructor(work: Work) {
    const { items } = work.project.plan;
    this.#needs = (index) => items[index]?.needs ?? [];
    this.#reads = work.selected.map((index) => {
      const code = work.codes.of(index);
      const scripts = code.kind === 'command' ? Object.keys(code.scripts) : [];
      const deps = items[index]?.deps.filter((dep) => !dep.made) ?? [];
      return {
        item: items[index]?.id ?? '',
        index,
        paths: [
          ...Object.keys(code.files),
          ...scripts,
          ...deps.filter((dep) => !dep.glob).map((dep) => dep.path),
        ],
        globs: deps.filter((dep) => dep.glob).map((dep) => parseGlob(dep.path)),
      };
    });
  }

  /** Does a change of this path count? */
  counts(path: string): boolean {
    return path === PIPELINE_FILE || this.#reads.some((reads) => readsPath(reads, path));
  }

  /** Is this a folder on the way to a path that counts? */
  leadsTo(folder: string): boolean {
    if (folder === '') return true;
    const prefix = `${folder}/`;
    return this.#reads.some(
      ({ paths, globs }) =>
        paths.some((path) => path.startsWith(prefix)) ||
        globs.some((glob) => mayHold(glob, folder)),
    );
  }

  /** Does one of these items, or one that it needs, depend on the path? */
  concerns(path: string, executing: Iterable<string>): boolean {
    const names = new Set(executing);
    const byIndex = new Map(this.#reads.map((reads) => [reads.index, reads]));
    const queue = this.#reads.filter(({ item }) => names.has(item)).map(({ index }) => index);
    const seen = new Set<number>();
    for (let index = queue.pop(); index !== undefined; index = queue.pop()) {
      if (seen.has(index)) continue;
      seen.add(index);
      const reads = byIndex.get(index);
      if (reads !== undefined && readsPath(reads, path)) return true;
      queue.push(...this.#needs(index));
    }
    return false;
  }
}

function readsPath({ paths, globs }: Reads, path: string): boolean {
  return (
    paths.some((each) => path === each || path.startsWith(`${each}/`)) ||
    globs.some((glob) => matchGlob(glob, path))
  );
}
