/** The epochs of one execution: where it resumes, what it commits, when it stops. */
import path from 'node:path';
import { DamagedObject } from '../cache/cache.js';
import { UnusableFile } from '../cache/files/file-errors.js';
import type { Chains } from '../cache/records/epoch-chains.js';
import type { EpochRecord } from '../cache/records/record.js';
import type { ItemHandle } from '../decide/build-context.js';
import { metricAt, type Resume, resume, statesToDrop, stopEpoch } from '../decide/incremental.js';
import { pagePath } from '../doc-pages.js';
import { chainManifest, keyOf, type Manifest } from '../manifest.js';
import type { EpochPlan } from '../pipeline/plan.js';
import type { EpochVariables } from '../process/environment.js';
import { type CommitWatch, watchCommits } from '../process/epoch-commits.js';
import { CommitMistake } from '../process/whole-commits.js';
import type { WantedChain } from '../remote/remote-epochs.js';
import { makeFolder } from '../sys/make-folder.js';
import { type Hold, LOST } from './hold.js';
import type { InputSnapshot } from './input-snapshot.js';
import { recoverEpochs } from './recover-epochs.js';

/** What an execution of an incremental stage is based on. */
interface EpochGrounds {
  /** The folder that becomes $PIPE_STATE. */
  readonly state: string;
  /** The chain starts at epoch 1 again. */
  readonly fromStart: boolean;
  readonly inputs: InputSnapshot;
  readonly hold: Hold;
}

/** Does not say who changed it: usually an editor, sometimes the stage itself. */
export function changedWhileItRan(input: string): string {
  return `${input} changed while it ran: the result is not recorded; run again, or if the stage itself writes ${input}, write to an out instead`;
}

export class EpochRun {
  readonly #handle: ItemHandle;
  readonly #chains: Chains;
  readonly #plan: EpochPlan;
  readonly #chain: string;
  /** The chain in the remote cache. */
  readonly #wanted: WantedChain;
  #resume: Resume;
  /** Epochs with a damaged checkpoint. */
  readonly #broken = new Set<number>();
  readonly #grounds: EpochGrounds;
  #moved: string | undefined;
  /** The records that this execution may use, by epoch. */
  readonly #records: Map<number, EpochRecord>;
  readonly #enough = new AbortController();
  #watch: CommitWatch | undefined;
  #computed = 0;
  /** Warns about a missing metric once, because most epochs lack it then. */
  #isWarned = false;
  #lastCommit = performance.now();

  private constructor(
    handle: ItemHandle,
    plan: EpochPlan,
    wanted: WantedChain,
    records: readonly EpochRecord[],
    grounds: EpochGrounds,
  ) {
    this.#handle = handle;
    this.#chains = handle.cache.chains;
    this.#plan = plan;
    this.#wanted = wanted;
    this.#chain = wanted.chain;
    this.#records = new Map(records.map((record) => [record.epoch, record]));
    this.#resume = this.#whereToResume();
    this.#grounds = grounds;
  }

  /** Recovers commits that a dead run did not store, and restores the newest usable checkpoint. */
  static async prepare(
    handle: ItemHandle,
    manifest: Manifest,
    grounds: EpochGrounds,
  ): Promise<EpochRun | undefined> {
    const { build, item } = handle;
    const { chains } = handle.cache;
    const plan = item.epochs;
    if (plan === undefined) return undefined;
    const about = { item: item.id, manifest: chainManifest(manifest, plan.param) };
    const chain = keyOf(about.manifest);
    chains.commitFolder(chain, about);
    await recoverEpochs(handle, chain, grounds.fromStart);
    // Only the records show where early stopping ends the chain.
    const end = (known: readonly EpochRecord[]) => stopEpoch(plan, known) ?? plan.target;
    if (!grounds.fromStart) await build.remote?.epochs.take({ ...about, chain }, end);
    chains.noteInputs(chain, grounds.inputs.lists);
    const records = grounds.fromStart ? [] : chains.readEpochs(chain);
    const run = new EpochRun(handle, plan, { ...about, chain }, records, grounds);
    await run.#restoreState();
    return run;
  }

  /** Before the process starts. */
  get span(): { readonly completed: number; readonly target: number } {
    return this.#resume;
  }

  get env(): EpochVariables {
    return {
      PIPE_EPOCHS: String(this.#resume.target),
      PIPE_EPOCH: String(this.#resume.completed),
      PIPE_STATE: this.#grounds.state,
      PIPE_COMMIT: this.#chains.commitFolder(this.#chain),
    };
  }

  /** Aborted when the process must end: patience ran out, or it broke the protocol. */
  get stop(): AbortSignal {
    return this.#enough.signal;
  }

  /** How the process broke the protocol. */
  get mistake(): string | undefined {
    return this.#watch?.mistake;
  }

  /** The input that had changed when an epoch was to be recorded. */
  get moved(): string | undefined {
    return this.#moved;
  }

  get computed(): number {
    return this.#computed;
  }

  /** The epoch of the outs. */
  get reached(): number {
    return this.#resume.target;
  }

  get target(): number {
    return this.#plan.target;
  }

  /**
   * True when early stopping ended the chain before the target of this process. It must start once
   * more, only to write the outs of that epoch.
   */
  get endsEarlier(): boolean {
    const wanted = stopEpoch(this.#plan, [...this.#records.values()]);
    return wanted !== undefined && wanted !== this.#resume.target;
  }

  /** Starts to store the commits of the process. */
  watch(): void {
    this.#lastCommit = performance.now();
    this.#watch = watchCommits({
      folder: this.#chains.commitFolder(this.#chain),
      completed: this.#resume.completed,
      target: this.#resume.target,
      onNote: (note) => this.#chains.noteCommit(this.#chain, note),
      onCommit: (epoch) => this.#store(epoch).catch(toMistake),
      onMistake: () => {
        if (this.mistake !== undefined) this.#dropRefused();
        this.#enough.abort();
      },
    });
  }

  /** Call after the process has ended: stores its last commit, unless it is refused. */
  async drain(hasEndedWell: boolean): Promise<void> {
    await this.#watch?.drain(hasEndedWell);
    this.#dropRefused();
  }

  /** Why a process that ended successfully did not do its work; undefined if it did. */
  shortfall(): string | undefined {
    const { target } = this.#resume;
    if (this.#records.has(target)) return undefined;
    const reached = Math.max(0, ...this.#records.keys());
    const page = pagePath('stage-protocol.md', this.#handle.build.project);
    if (reached > 0)
      return `ended after epoch ${reached} of ${target}: commit each epoch up to ${target}, or end a training early by \`patience\` (see ${page})`;
    return `ended without committing an epoch: after each epoch, rename its finished folder to $PIPE_COMMIT/<epoch>, or remove epochs (see ${page})`;
  }

  close(): void {
    this.#watch?.close();
    // Also without a new epoch: an earlier run may have been killed, or had no remote cache.
    if (this.#records.size > 0) this.#handle.build.remote?.offerChain(this.#wanted);
  }

  /** No later run may store a refused commit. */
  #dropRefused(): void {
    if (!this.#grounds.hold.isHeld()) return;
    for (const epoch of this.#chains.pendingCommits(this.#chain))
      this.#chains.dropCommit(this.#chain, epoch);
  }

  async #store(epoch: number): Promise<void> {
    const now = performance.now();
    const seconds = (now - this.#lastCommit) / 1000;
    this.#lastCommit = now;
    await this.#refuseUnfounded(epoch);
    const record = await this.#chains.storeEpoch(this.#chain, epoch, seconds);
    this.#records.set(epoch, record);
    this.#computed++;
    this.#handle.build.emit({
      type: 'epoch',
      item: this.#handle.item.id,
      epoch,
      target: this.#resume.target,
      seconds,
      ...(record.metrics === undefined ? {} : { metrics: record.metrics }),
    });
    this.#warnOfMissingMetric(record);
    this.#dropStates(epoch);
    this.#handle.build.remote?.offerEpoch(this.#wanted);
    if (this.endsEarlier) this.#enough.abort();
  }

  /** Refuses an epoch when an input has changed or another run has taken over. */
  async #refuseUnfounded(epoch: number): Promise<void> {
    const { inputs, hold } = this.#grounds;
    this.#moved = await inputs.moved();
    // After a takeover, the commit belongs to the other run.
    if (!hold.isHeld()) throw new CommitMistake(LOST);
    if (this.#moved === undefined) return;
    this.#chains.dropCommit(this.#chain, epoch);
    throw new CommitMistake(changedWhileItRan(this.#moved));
  }

  #warnOfMissingMetric({ epoch, metrics }: EpochRecord): void {
    const { best } = this.#plan;
    if (best === undefined || metricAt(metrics, best.metric) !== undefined) return;
    if (this.#isWarned) return;
    this.#isWarned = true;
    const message = `epoch ${epoch} has no number "${best.metric}" in its metrics.json: it cannot be the best`;
    this.#handle.warn(message);
  }

  /**
   * Keeps the newest checkpoint, the one that may still write the outs, and the one just committed.
   * The last need not be the newest: a shorter training may be computed again, and killed.
   */
  #dropStates(committed: number): void {
    const records = [...this.#records.values()];
    const { best, keep } = this.#plan;
    const needed = [this.#plan.target, committed];
    if (best !== undefined) {
      // A fast stage continues past its patience. A better epoch found there does not determine the
      // outs.
      const wanted =
        stopEpoch(this.#plan, records) ??
        stopEpoch({ best, target: Math.max(...this.#records.keys()) }, records);
      if (wanted !== undefined) needed.push(wanted);
    }
    const dropped = statesToDrop(keep, records, needed).filter((epoch) => {
      const record = this.#records.get(epoch);
      return record !== undefined && this.#chains.hasState(record);
    });
    if (dropped.length > 0) this.#chains.dropStates(this.#chain, dropped);
  }

  /** Restores the newest intact checkpoint: sets a damaged one aside and uses an earlier one. */
  async #restoreState(): Promise<void> {
    makeFolder(path.dirname(this.#grounds.state));
    while (this.#resume.completed > 0) {
      try {
        const { completed } = this.#resume;
        await this.#chains.restoreState(this.#chain, completed, this.#grounds.state);
        return;
      } catch (error) {
        if (!(error instanceof DamagedObject)) throw error;
        this.#handle.warn(error.message);
        this.#broken.add(this.#resume.completed);
        this.#resume = this.#whereToResume();
      }
    }
    makeFolder(this.#grounds.state);
  }

  #whereToResume(): Resume {
    const usable = (record: EpochRecord) =>
      !this.#broken.has(record.epoch) && this.#chains.hasState(record);
    return resume(this.#plan, [...this.#records.values()], usable);
  }
}

/** A checkpoint that cannot be stored ends the stage, not the run. */
function toMistake(error: unknown): never {
  if (!(error instanceof UnusableFile)) throw error;
  const hint = error.diagnostics[0]?.hint;
  throw new CommitMistake(hint === undefined ? error.message : `${error.message}: ${hint}`);
}
