/** What a run looked at before it found that there is nothing to do: while all of it looks the same, so it stays. */
import type { Stats } from 'node:fs';
import { isSettled } from '../files/clock.js';
import { columnsOf, type LookList } from './still-file.js';

class List implements LookList {
  readonly paths: string[] = [];
  readonly columns: number[] = [];

  add(path: string, stat: Stats | undefined): void {
    this.paths.push(path);
    this.columns.push(...columnsOf(stat));
  }
}

/**
 * A decision is a function of what was looked at: files by their stat, as the stat index has it,
 * folders by theirs, which changes with every name in them, and places where nothing was.
 */
export class Looks {
  readonly #base: string;
  readonly #started = Date.now();
  readonly #own = new List();
  readonly #behind = new List();
  #isClear = true;

  /** `project`: absolute path of what paths are relative to. */
  constructor(project: string) {
    this.#base = `${project}/`;
  }

  /** What lies at a path, a link as itself; undefined: nothing. */
  saw(where: string, stat: Stats | undefined): void {
    this.#note(this.#own, where, stat);
  }

  /** What lies at a path, links followed. */
  sawBehind(where: string, stat: Stats | undefined): void {
    this.#note(this.#behind, where, stat);
  }

  /** Something counted that no stat tells: where a link led, what was read by others. */
  blur(): void {
    this.#isClear = false;
  }

  /** Undefined when looking again could not tell whether anything changed. */
  get all(): { readonly own: LookList; readonly behind: LookList } | undefined {
    return this.#isClear ? { own: this.#own, behind: this.#behind } : undefined;
  }

  #note(list: List, where: string, stat: Stats | undefined): void {
    // What was written within the clock's tick may be written to once more and look the same.
    if (stat !== undefined && !isSettled(stat, this.#started)) this.#isClear = false;
    list.add(where.startsWith(this.#base) ? where.slice(this.#base.length) : where, stat);
  }
}
