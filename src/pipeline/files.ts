/** Files of the project, besides pipeline.yaml, that the plan is made from: params. */
import type { Stats } from 'node:fs';
import { sha256 } from '../canonical.js';
import { readText, type TextRead } from './document/text.js';

/** What the plan depends on, with the digest of what was read. Part of the plan, to check a kept one. */
export interface PlanRead {
  /** Relative to the project. */
  readonly path: string;
  readonly digest: string;
}

/** Records what is looked at, for the fast path. */
export interface Witness {
  sawBehind(where: string, stat: Stats | undefined): void;
}

interface Means {
  readonly witness?: Witness;
  /** Reads a file; from the disk by default. */
  readonly read?: (file: string) => TextRead;
}

/** Each file is read once, so that a plan is made from one state of it. */
export class PlanFiles {
  readonly #read: (file: string) => TextRead;
  readonly #texts = new Map<string, TextRead>();

  constructor(project: string, { witness, read }: Means = {}) {
    this.#read =
      read ?? ((file) => readText(project, file, (stat) => witness?.sawBehind(file, stat)));
  }

  /** What was read so far. */
  get reads(): readonly PlanRead[] {
    return [...this.#texts.keys()].map((file) => ({ path: file, digest: this.#digest(file) }));
  }

  text(file: string): TextRead {
    const text = this.#texts.get(file) ?? this.#read(file);
    this.#texts.set(file, text);
    return text;
  }

  /** True while all that a plan was made from is still the same. */
  hold(reads: readonly PlanRead[]): boolean {
    return reads.every((read) => this.#digest(read.path) === read.digest);
  }

  #digest(file: string): string {
    const read = this.text(file);
    return 'text' in read ? sha256(read.text) : read.mistake.code;
  }
}
