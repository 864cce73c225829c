/** Resolves how a path leads to its target: the folders on the way, and each link. */
import { readlinkSync } from 'node:fs';
import path from 'node:path';
import type { ReadSet } from '../../noop/read-set.js';
import { lstatIfThere } from '../../sys/if-there.js';
import { isWithin } from '../../sys/is-within.js';
import { MOST_LINKS } from './link-targets.js';

export class Ways {
  readonly #root: string;
  readonly #readSet: ReadSet;
  readonly #walked = new Set<string>();

  constructor(root: string, readSet: ReadSet) {
    this.#root = root;
    this.#readSet = readSet;
  }

  /**
   * Records the folder or link at an absolute path and all on the way to it, except those above the
   * project.
   */
  walk(absolute: string, links = 0): void {
    if (this.#walked.has(absolute) || isWithin(this.#root, absolute) || links > MOST_LINKS) return;
    this.#walked.add(absolute);
    this.walk(path.dirname(absolute), links);
    const stat = lstatIfThere(absolute);
    if (stat?.isDirectory()) this.#readSet.recordAncestor(absolute, stat);
    if (!stat?.isSymbolicLink()) return;
    this.#readSet.recordLstat(absolute, stat);
    this.walk(path.resolve(path.dirname(absolute), readlinkSync(absolute)), links + 1);
  }
}
