/** Files of one execution: its log, which is kept, and temporary files, which are deleted at its end. */
import path from 'node:path';
import { removeTree } from '../cache/files/remove.js';
import { type BuildContext, cacheOf } from '../decide/build-context.js';
import type { Item } from '../pipeline/plan.js';
import { fileNameOf } from '../process/file-names.js';

let executions = 0;

export class Scratch {
  /** Relative to the project. */
  readonly log: string;
  /** The file that PIPE_CONTEXT names. */
  readonly context: string;
  /** Progress file for any stage. */
  readonly progress: string;
  /** A shell command that is too long for an argument. */
  readonly script: string;
  /** The checkpoint from which an incremental stage resumes. */
  readonly state: string;
  readonly #build: BuildContext;

  constructor(build: BuildContext, item: Item) {
    this.#build = build;
    this.log = path.relative(build.project.root, cacheOf(build).logs.newPath(fileNameOf(item.id)));
    // One folder for all executions of this process, because creating a folder costs as much as
    // starting a process.
    const own = path.join(cacheOf(build).tmpFolder('executions'), String(++executions));
    this.context = `${own}-context.json`;
    this.progress = `${own}-progress`;
    this.script = `${own}-command`;
    this.state = `${own}-state`;
  }

  remove(): void {
    cacheOf(this.#build).logs.count(path.join(this.#build.project.root, this.log));
    // Closing the cache reports files that could not be deleted.
    for (const file of [this.context, this.progress, this.script, this.state]) removeTree(file);
  }
}
