/** Files of one execution: its log, which is kept, and temporary files, which are deleted at its end. */
import path from 'node:path';
import type { Cache } from '../cache/cache.js';
import { removeTree } from '../cache/files/remove.js';
import type { ItemHandle } from '../decide/build-context.js';
import { fileNameOf } from '../process/file-names.js';

export class ExecutionFiles {
  /** Relative to the project. */
  readonly log: string;
  /** The file that PIPE_CONTEXT names. */
  readonly context: string;
  readonly progress: string;
  /** A shell command that is too long for an argument. */
  readonly script: string;
  /** The checkpoint from which an incremental stage resumes. */
  readonly state: string;
  readonly #cache: Cache;
  readonly #root: string;
  readonly #temporary: readonly string[];

  constructor({ build, item, cache }: ItemHandle) {
    this.#cache = cache;
    this.#root = build.project.root;
    this.log = path.relative(this.#root, cache.logs.newPath(fileNameOf(item.id)));
    // Not a folder, because creating one costs as much as starting a process.
    const own = cache.draft();
    this.context = `${own}-context.json`;
    this.progress = `${own}-progress`;
    this.script = `${own}-command`;
    this.state = `${own}-state`;
    const states = item.epochs === undefined ? [] : [this.state];
    this.#temporary = [this.context, this.progress, this.script, ...states];
  }

  remove(): void {
    this.#cache.logs.count(path.join(this.#root, this.log));
    // Closing the cache reports files that could not be deleted.
    for (const file of this.#temporary) removeTree(file);
  }
}
