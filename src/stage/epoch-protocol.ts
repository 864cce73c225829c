/**
 * Stage side of the epoch protocol: builds states and commits them in order; one at a time is being
 * stored.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Epochs, Metrics } from './context.js';
import { waitForChanges } from './notice.js';

/** Values of the variables that the run sets. */
interface EpochVariables {
  /** PIPE_EPOCHS. */
  readonly target: number;
  /** PIPE_EPOCH. */
  readonly completed: number;
  /** PIPE_STATE. */
  readonly state: string;
  /** PIPE_COMMIT. */
  readonly commit: string;
}

const POLL_MS = 50;

/** Undefined for a stage without `epochs:`. */
export function epochVariables(env: NodeJS.ProcessEnv): EpochVariables | undefined {
  const { PIPE_EPOCHS, PIPE_EPOCH, PIPE_STATE, PIPE_COMMIT } = env;
  if (PIPE_EPOCHS === undefined) return undefined;
  if (PIPE_EPOCH === undefined || PIPE_STATE === undefined || PIPE_COMMIT === undefined)
    throw new Error('PIPE_EPOCHS is set, so PIPE_EPOCH, PIPE_STATE and PIPE_COMMIT must be too');
  return {
    target: Number(PIPE_EPOCHS),
    completed: Number(PIPE_EPOCH),
    state: PIPE_STATE,
    commit: PIPE_COMMIT,
  };
}

export class EpochProtocol implements Epochs {
  readonly target: number;
  readonly completed: number;
  readonly state: string | undefined;
  readonly #folder: string;
  #last: number;
  #pending: Promise<void> | undefined;

  constructor(variables: EpochVariables) {
    this.target = variables.target;
    this.completed = variables.completed;
    this.state = variables.completed > 0 ? variables.state : undefined;
    this.#folder = variables.commit;
    this.#last = variables.completed;
  }

  *remaining(): Iterable<number> {
    for (let epoch = this.completed + 1; epoch <= this.target; epoch++) yield epoch;
  }

  async commit(
    epoch: number,
    write: (folder: string) => void | Promise<void>,
    metrics?: Metrics,
  ): Promise<void> {
    this.#check(epoch);
    this.#pending = this.#build(epoch, write, metrics);
    try {
      await this.#pending;
      this.#last = epoch;
    } finally {
      this.#pending = undefined;
    }
  }

  /** Resolves when all commits are stored. */
  async settled(): Promise<void> {
    await this.#pending;
    await this.#stored(this.#last);
  }

  async #build(
    epoch: number,
    write: (folder: string) => void | Promise<void>,
    metrics: Metrics | undefined,
  ): Promise<void> {
    // The name is not a number, so the run ignores the folder until it is renamed.
    const draft = join(this.#folder, `draft-${epoch}`);
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft);
    await write(draft);
    if (!existsSync(draft) || readdirSync(draft).length === 0)
      throw new Error(
        `Epoch ${epoch} was committed, but its folder ${draft} is empty, so no run could continue from it: write the complete state there, and await it`,
      );
    // JSON has no NaN and no infinities: they become null. A diverged training continues.
    if (metrics) writeFileSync(join(draft, 'metrics.json'), `${JSON.stringify(metrics)}\n`);
    await this.#stored(epoch - 1);
    renameSync(draft, join(this.#folder, String(epoch)));
  }

  /** Resolves when the run has stored a committed epoch, which it shows by deleting the folder. */
  async #stored(epoch: number): Promise<void> {
    const folder = join(this.#folder, String(epoch));
    if (!existsSync(folder)) return;
    const wait = waitForChanges(this.#folder, POLL_MS, (entry) => entry === String(epoch));
    try {
      while (existsSync(folder)) await wait.next();
    } finally {
      wait.close();
    }
  }

  #check(epoch: number): void {
    const next = this.#last + 1;
    if (this.#pending)
      throw new Error(
        `Epoch ${epoch} was committed while epoch ${next} was still being committed: await each commit`,
      );
    if (epoch === next && epoch <= this.target) return;
    throw new RangeError(
      next > this.target
        ? `Epoch ${epoch} was committed, but the last epoch, ${this.target}, is committed already`
        : `Epoch ${epoch} was committed, but epoch ${next} is next`,
    );
  }
}
