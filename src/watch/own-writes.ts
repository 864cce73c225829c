/** Detects files that a stage itself writes, rather than the user: they change in every execution. */
import path from 'node:path';

/** After this number of executions in a row stopped by one file, it counts as written by the stage. */
const OFTEN = 3;

export class OwnWrites {
  /** For each file, the number of successive changes during executions of these items. */
  readonly #seen = new Map<string, { readonly items: string; readonly times: number }>();
  #isWarned = false;

  /** Records a change that concerns the executing items; true if these items made it. */
  record(file: string, executing: ReadonlySet<string>): boolean {
    const items = [...executing].sort().join(' ');
    // chokidar also reports a watched file that names itself as a file in a folder with the same name.
    const above = path.dirname(file);
    const isRepeated = this.#seen.has(above) && path.basename(above) === path.basename(file);
    const name = isRepeated ? above : file;
    const before = this.#seen.get(name);
    const times = before?.items === items ? before.times + 1 : 1;
    this.#seen.set(name, { items, times });
    return times > OFTEN;
  }

  /** Call at the end of a run. */
  forget(): void {
    for (const [file, { times }] of this.#seen) if (times <= OFTEN) this.#seen.delete(file);
  }

  /** Warns once: most such stages write a single file. */
  warnOnce(warn: () => void): void {
    if (!this.#isWarned) warn();
    this.#isWarned = true;
  }
}
