/** Edits of the plan's files during a run. Only those that change an item concern it. */
import type { BuildContext } from '../decide/build-context.js';
import { changedItems } from '../decide/changed-items.js';
import type { Project } from '../decide/project.js';
import { UserError } from '../error.js';

interface Reader {
  /** Opens the project as it is now. */
  readonly open: () => Promise<Project>;
  /** The plan was read again. */
  readonly onRead: () => void;
  /** The plan is not valid, so it changes no item yet. */
  readonly onMistake: (error: UserError) => void;
  readonly onBug: (error: unknown) => void;
}

export class PlanEdits {
  readonly #build: BuildContext;
  readonly #reader: Reader;
  readonly #quietMs: number;
  /** Files written since the plan was read. */
  readonly #files = new Set<string>();
  #newest: string | undefined;
  #count = 0;
  #quiet: NodeJS.Timeout | undefined;
  #isChanged: (item: string) => boolean = () => false;

  /** @param quietMs after this time without changes, the files count as complete */
  constructor(build: BuildContext, quietMs: number, reader: Reader) {
    this.#build = build;
    this.#quietMs = quietMs;
    this.#reader = reader;
  }

  add(file: string): void {
    this.#files.add(file);
    this.#count++;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => {
      this.#read().catch(this.#reader.onBug);
    }, this.#quietMs);
  }

  /** The file whose edit changed an item of the run, as far as the plan was read again. */
  changing(item: string): string | undefined {
    return this.#isChanged(item) ? this.#newest : undefined;
  }

  /** The run is over. */
  close(): void {
    clearTimeout(this.#quiet);
    this.#count++;
  }

  async #read(): Promise<void> {
    const count = this.#count;
    const files = new Set(this.#files);
    try {
      const { plan, cache } = await this.#reader.open();
      cache.close();
      // An edit in between is read later.
      if (count !== this.#count) return;
      this.#isChanged = changedItems(this.#build, plan, files);
      this.#newest = [...files].at(-1);
      this.#files.clear();
      this.#reader.onRead();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      if (count === this.#count) this.#reader.onMistake(error);
    }
  }
}
