/** Files other than pipeline.yaml from which the plan is made: params, and values of axes. */
import type { Stats } from 'node:fs';
import { sha256 } from '../canonical.js';
import { getOrMake } from '../lists.js';
import { readText, type TextRead } from './document/read-text.js';
import { type Matches, matchesOf } from './file-matches.js';
import type { PlanRead } from './plan.js';

/** Records reads in the read set, for the fast path. */
interface ReadObserver {
  recordStat(where: string, stat: Stats | undefined): void;
}

interface Means {
  readonly observer?: ReadObserver;
  /** Reads a file; by default from disk. */
  readonly read?: (file: string) => TextRead;
}

/** Reads each file and expands each pattern once, so that a plan is based on a single state. */
export class PlanFiles {
  readonly project: string;
  readonly #means: Means;
  readonly #texts = new Map<string, TextRead>();
  readonly #matches = new Map<string, Matches>();

  constructor(project: string, means: Means = {}) {
    this.project = project;
    this.#means = means;
  }

  /** Everything read so far. */
  get reads(): readonly PlanRead[] {
    const readOf = (pattern: boolean) => (path: string) => ({
      path,
      pattern,
      digest: this.#digest({ path, pattern }),
    });
    return [
      ...[...this.#texts.keys()].map(readOf(false)),
      ...[...this.#matches.keys()].map(readOf(true)),
    ];
  }

  text(file: string): TextRead {
    const { read, observer } = this.#means;
    const fromDisk = () => readText(this.project, file, (stat) => observer?.recordStat(file, stat));
    return getOrMake(this.#texts, file, () => read?.(file) ?? fromDisk());
  }

  matches(pattern: string): Matches {
    const { observer } = this.#means;
    return getOrMake(this.#matches, pattern, () =>
      matchesOf(this.project, pattern, (folder, stat) => observer?.recordStat(folder, stat)),
    );
  }

  /** True while all of these inputs are unchanged. */
  hold(reads: readonly PlanRead[]): boolean {
    return reads.every((read) => this.#digest(read) === read.digest);
  }

  #digest({ path, pattern }: Pick<PlanRead, 'path' | 'pattern'>): string {
    if (pattern) {
      const matches = this.matches(path);
      return 'paths' in matches ? sha256(JSON.stringify(matches.paths)) : matches.mistake.code;
    }
    const read = this.text(path);
    return 'text' in read ? sha256(read.text) : read.mistake.code;
  }
}
