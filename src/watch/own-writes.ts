/**
 * Detects files that a stage itself writes, rather than the user. They change in every execution, after
 * about the same time. A user who edits a file during a long execution does so at other times.
 */
import path from 'node:path';
import { lstatIfThere } from '../sys/if-there.js';

/** After this number of executions in a row stopped by one file at the same time, the stage writes it. */
const OFTEN = 3;

/** After this number of executions stopped by one file at any time: a stage may take varying time. */
const MOSTLY = 12;

/** The executions during which a file changed. */
interface Seen {
  readonly times: number;
  /** The last ones in which it changed after about the same time. */
  readonly inRow: number;
  /** Milliseconds from the beginning of the last one to the change. */
  readonly after: number;
}

export class OwnWrites {
  readonly #root: string;
  /** By item and file. */
  readonly #seen = new Map<string, Seen>();
  /** The keys that changed during the current run: several events report one change. */
  readonly #counted = new Set<string>();
  readonly #spoilt = new Set<string>();
  /** Milliseconds since 1970. */
  #began = 0;
  #isWarned = false;

  /** @param root absolute path of the project */
  constructor(root: string) {
    this.#root = root;
  }

  /** Call when a run begins. */
  begin(): void {
    this.#began = Date.now();
    this.#counted.clear();
    this.#spoilt.clear();
  }

  /**
   * Records a change during executions that it concerns; the name to report if these items made it.
   *
   * @param executing how long each item has been executing, in milliseconds
   */
  record(file: string, executing: ReadonlyMap<string, number>): string | undefined {
    const own = this.#namesOf(file).find((name) => {
      for (const [item, after] of executing) this.#count(`${item} ${name}`, after);
      return [...executing.keys()].some((item) => isOften(this.#seen.get(`${item} ${name}`)));
    });
    if (own !== undefined) for (const item of executing.keys()) this.#spoilt.add(item);
    return own;
  }

  #count(key: string, after: number): void {
    if (this.#counted.has(key)) return;
    this.#counted.add(key);
    const { times, inRow, after: before } = this.#seen.get(key) ?? { times: 0, inRow: 0, after };
    const isAlike = Math.abs(after - before) <= 1000 + 0.1 * Math.max(after, before);
    this.#seen.set(key, { times: times + 1, inRow: isAlike ? inRow + 1 : 1, after });
  }

  /** True if the item wrote its own input in this run: then another change need not stop it. */
  isSpoilt(item: string): boolean {
    return this.#spoilt.has(item);
  }

  /** A file that appeared or disappeared during the run may have another name each time: its folder counts too. */
  #namesOf(file: string): string[] {
    const above = path.dirname(file);
    const stat = lstatIfThere(path.resolve(this.#root, file));
    return stat === undefined || stat.birthtimeMs >= this.#began ? [file, above] : [file];
  }

  /** Call at the end of a run that was not stopped. */
  forget(): void {
    for (const [key, seen] of this.#seen)
      if (!isOften(seen) || !this.#counted.has(key)) this.#seen.delete(key);
  }

  /** Warns once: most such stages write a single file. */
  warnOnce(warn: () => void): void {
    if (!this.#isWarned) warn();
    this.#isWarned = true;
  }
}

function isOften(seen: Seen | undefined): boolean {
  return seen !== undefined && (seen.inRow > OFTEN || seen.times > MOSTLY);
}
