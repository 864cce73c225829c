/** Detects files that a stage itself writes, rather than the user: they change in every execution. */
import path from 'node:path';
import { lstatIfThere } from '../sys/if-there.js';

/** After this number of executions stopped by one file, it counts as written by the stage. */
const OFTEN = 3;

export class OwnWrites {
  readonly #root: string;
  /** For each item and file, the number of runs in which it changed while the item ran. */
  readonly #seen = new Map<string, number>();
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

  /** Records a change during executions that it concerns; the name to report if these items made it. */
  record(file: string, items: readonly string[]): string | undefined {
    const own = this.#namesOf(file).find((name) => {
      const keys = items.map((item) => `${item} ${name}`);
      for (const key of keys) {
        if (this.#counted.has(key)) continue;
        this.#counted.add(key);
        this.#seen.set(key, (this.#seen.get(key) ?? 0) + 1);
      }
      return keys.some((key) => (this.#seen.get(key) ?? 0) > OFTEN);
    });
    if (own !== undefined) for (const item of items) this.#spoilt.add(item);
    return own;
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

  /** Call at the end of a run. */
  forget(): void {
    for (const [key, times] of this.#seen) if (times <= OFTEN) this.#seen.delete(key);
  }

  /** Warns once: most such stages write a single file. */
  warnOnce(warn: () => void): void {
    if (!this.#isWarned) warn();
    this.#isWarned = true;
  }
}
