/** Tells a file that a stage itself writes from one that the user edits: it changes in every execution. */
import path from 'node:path';

/** So many executions in a row that were stopped for one file. */
const OFTEN = 3;

export class OwnWrites {
  /** How often in a row the file changed while these items were executing. */
  readonly #seen = new Map<string, { readonly items: string; readonly times: number }>();
  #isWarned = false;

  /** A file changed that concerns what is executing; true when that is the doing of what is executing. */
  saw(file: string, executing: ReadonlySet<string>): boolean {
    const items = [...executing].sort().join(' ');
    // A watched file that names itself comes as one in a folder of its name too.
    const above = path.dirname(file);
    const isRepeated = this.#seen.has(above) && path.basename(above) === path.basename(file);
    const name = isRepeated ? above : file;
    const before = this.#seen.get(name);
    const times = before?.items === items ? before.times + 1 : 1;
    this.#seen.set(name, { items, times });
    return times > OFTEN;
  }

  /** A run came to its end. */
  forget(): void {
    for (const [file, { times }] of this.#seen) if (times <= OFTEN) this.#seen.delete(file);
  }

  /** Once is enough: most such stages write one file. */
  warnOnce(warn: () => void): void {
    if (!this.#isWarned) warn();
    this.#isWarned = true;
  }
}
