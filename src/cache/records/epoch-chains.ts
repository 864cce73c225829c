/** Chains of epochs: a record for each completed epoch, and the checkpoints to resume from. */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { firstMoved } from '../../noop/first-moved.js';
import type { ReadLists } from '../../noop/read-set.js';
import { isFolder, lstatIfThere, namesIn } from '../../sys/if-there.js';
import { makeFolder } from '../../sys/make-folder.js';
import type { CacheContext } from '../files/cache-context.js';
import { DURABLE_SECONDS, makeDurable, syncOne } from '../files/durable.js';
import { unlessDamaged } from '../files/file-errors.js';
import { ownedName } from '../files/temporary-names.js';
import { writeChecksummed } from '../files/write-whole.js';
import { nameOf } from '../objects/digest.js';
import { isWhole, Objects } from '../objects/objects.js';
import { writeTree } from '../outs/copy-out.js';
import { StateIngest } from '../outs/ingest-state.js';
import { removeAside } from '../outs/restore-outs.js';
import { readMetrics } from './metrics-file.js';
import type { ChainAbout, CommitNote, EpochRecord } from './record.js';
import { epochsIn } from './record-names.js';
import { epochPath, readEpochRecord, readSealed, type Unreadable } from './records.js';

/**
 * Everything of a chain is in its folder, including the objects of its states. So `keep` can delete
 * states without a look at other chains. Callers of every writing method must have the chain's
 * lock.
 */
export class Chains {
  readonly #context: CacheContext;
  readonly #onUse: (chain: string) => void;
  readonly #metricsMistakes = new Set<string>();
  /** Commit folders of chains that this process works on. */
  readonly #commits = new Map<string, string>();

  /** `onUse`: from now on, gc must not remove the chain. */
  constructor(context: CacheContext, onUse: (chain: string) => void = () => {}) {
    this.#context = context;
    this.#onUse = onUse;
  }

  /** By epoch. A missing or invalid epoch leaves a gap. */
  readEpochs(chain: string, unreadable: Unreadable = 'absent'): EpochRecord[] {
    const records: EpochRecord[] = [];
    for (const epoch of epochsIn(namesIn(this.#folder(chain)), '.json')) {
      const record = readEpochRecord(
        this.#context.layout.chains,
        chain,
        epoch,
        this.#context.warn,
        unreadable,
      );
      if (record !== undefined) records.push(record);
    }
    return records;
  }

  readEpoch(chain: string, epoch: number): EpochRecord | undefined {
    return readEpochRecord(this.#context.layout.chains, chain, epoch, this.#context.warn);
  }

  /**
   * Absolute path of $PIPE_COMMIT for a process that is about to work on the chain. Contains what
   * an earlier process left there. Its content survives every crash.
   */
  commitFolder(chain: string, about?: ChainAbout): string {
    this.#onUse(chain);
    const folder = this.#commits.get(chain) ?? this.#takeOverCommits(chain);
    const file = this.#file(chain, 'about');
    if (about !== undefined && lstatIfThere(file) === undefined) {
      writeChecksummed(file, about, this.#context.scratch, 'atomic');
    }
    return folder;
  }

  /**
   * This process's own folder, with what an earlier process left in its folder. Renames that
   * folder, so that an invisible survivor of the earlier process commits to a path that no longer
   * exists.
   */
  #takeOverCommits(chain: string): string {
    const all = path.join(this.#folder(chain), 'commit');
    this.#context.scratch.fence.check(all);
    const own = path.join(all, ownedName());
    makeFolder(all);
    const found = namesIn(all).map((name) => path.join(all, name));
    // A stage may have replaced its folder by a link or a file.
    const left = found.find(isFolder);
    if (left === undefined) mkdirSync(own);
    else renameSync(left, own);
    for (const each of found) if (each !== left) removeAside(each, this.#context.scratch);
    this.#commits.set(chain, own);
    return own;
  }

  /** The item of this chain; for messages only. */
  about(chain: string): ChainAbout | undefined {
    const body = readSealed(
      this.#file(chain, 'about'),
      'the description of a chain',
      this.#context.warn,
    );
    return body as ChainAbout | undefined;
  }

  /** The commit folder of a chain, whichever process works on it. For reading only. */
  commits(chain: string): string {
    const all = path.join(this.#folder(chain), 'commit');
    return this.#commits.get(chain) ?? path.join(all, namesIn(all)[0] ?? '');
  }

  /** Epochs that a process committed and that are not stored yet, ascending. */
  pendingCommits(chain: string): number[] {
    const folder = this.commits(chain);
    return isFolder(folder) ? epochsIn(namesIn(folder), '') : [];
  }

  /** Written before the process starts, so that it is valid after a crash at any moment. */
  noteInputs(chain: string, lists: ReadLists | undefined): void {
    const file = this.#file(chain, 'inputs');
    if (lists === undefined) rmSync(file, { force: true });
    else
      writeChecksummed(
        file,
        { ...lists, project: this.#context.layout.project },
        this.#context.scratch,
        'atomic',
      );
  }

  /**
   * True if those inputs are unchanged: only then may unrecorded commits be recorded. The process read
   * them in its own project, which may be another clone, or may have moved here.
   */
  async inputsLieAsNoted(chain: string): Promise<boolean> {
    const body = readSealed(
      this.#file(chain, 'inputs'),
      'the inputs of a chain',
      this.#context.warn,
    );
    if (body === undefined) return false;
    const here = this.#context.layout.project;
    // Earlier versions of pipe did not note folders, nor the project.
    const { project = here, ...noted } = body as ReadLists & { readonly project?: string };
    const lists = { ...noted, listed: noted.listed ?? [] };
    for (const root of new Set([here, project]))
      if ((await firstMoved(root, lists)) === undefined) return true;
    return false;
  }

  /** Notes the result of a check of a commit, for a run after a crash. */
  noteCommit(chain: string, note: CommitNote): void {
    writeChecksummed(this.#file(chain, 'noted'), note, this.#context.scratch, 'expendable');
  }

  commitNote(chain: string): CommitNote | undefined {
    const what = 'a note about a commit';
    return readSealed(this.#file(chain, 'noted'), what, this.#context.warn) as
      | CommitNote
      | undefined;
  }

  /** Deletes a commit that must not be stored. */
  dropCommit(chain: string, epoch: number): void {
    removeAside(path.join(this.commitFolder(chain), String(epoch)), this.#context.scratch);
  }

  /** Deletes half-written folders. Call when no process of this chain runs. */
  clearDrafts(chain: string): void {
    const folder = this.commitFolder(chain);
    this.#context.scratch.fence.check(folder);
    const committed = new Set(this.pendingCommits(chain).map(String));
    for (const name of namesIn(folder)) {
      if (!committed.has(name)) removeAside(path.join(folder, name), this.#context.scratch);
    }
  }

  /**
   * Stores a committed epoch: objects, listings, the record. Then deletes the folder, which is what
   * the process waits for. Does not record a folder that changes meanwhile. The folder stays
   * complete until the record is written, so a crash at any point only means that all of this
   * happens again.
   */
  async storeEpoch(chain: string, epoch: number, seconds?: number): Promise<EpochRecord> {
    const folder = path.join(this.commitFolder(chain), String(epoch));
    this.#context.scratch.fence.check(path.dirname(folder));
    const item = this.about(chain)?.item;
    const shown = `the commit of epoch ${epoch}${item === undefined ? '' : ` of ${item}`}`;
    const objects = this.objects(chain);
    const metrics = readMetrics(path.join(folder, 'metrics.json'), shown, (message) =>
      this.#warnOfMetrics(chain, shown, message),
    );
    const taking = new StateIngest(objects, this.#context.scratch, shown);
    const { digest, size } = await taking.take(folder);
    const durable = seconds === undefined || seconds >= DURABLE_SECONDS;
    if (durable) await makeDurable(objects.takeUnsynced(), this.#context.layout.home);
    taking.checkUnchanged(folder);
    let record = this.readEpoch(chain, epoch);
    if (record?.state !== digest) {
      const guess = seconds ?? this.readEpoch(chain, epoch - 1)?.seconds ?? 0;
      const numbers = metrics === undefined ? {} : { metrics };
      const { permissions } = taking;
      const noted = permissions === undefined ? numbers : { ...numbers, permissions };
      record = { format: 1, chain, epoch, state: digest, size, ...noted, seconds: guess };
      await this.#writeRecord(record, durable);
    }
    removeAside(folder, this.#context.scratch);
    return record;
  }

  /** Warns once, because a stage makes the same mistake in each epoch. */
  #warnOfMetrics(chain: string, shown: string, message: string): void {
    const mistake = `${chain} ${message.replace(shown, '').replace(/\(.*\)/s, '')}`;
    if (this.#metricsMistakes.has(mistake)) return;
    this.#metricsMistakes.add(mistake);
    this.#context.warn(message);
  }

  /**
   * Writes an epoch's state as read-only files into a folder, which it recreates.
   *
   * @throws DamagedObject when part of it is missing or damaged; the damaged object is set aside
   */
  async restoreState(chain: string, epoch: number, into: string): Promise<string> {
    this.#onUse(chain);
    const record = this.readEpoch(chain, epoch);
    if (record === undefined) throw new Error(`epoch ${epoch} of chain ${chain} is not recorded`);
    removeAside(into, this.#context.scratch);
    makeFolder(into);
    await writeTree(this.objects(chain), nameOf(record.state), into, record.permissions);
    return into;
  }

  /** True when the whole state is stored. */
  hasState({ chain, state }: EpochRecord): boolean {
    const warn = ({ message }: Error) => this.#context.warn(message);
    return unlessDamaged(() => isWhole(this.objects(chain), state), warn) ?? false;
  }

  /**
   * Deletes the states of these epochs, except objects that other states of the chain share. Keeps
   * their records, with the metrics. Deletes the listing first, so that a partial state never
   * counts as complete.
   */
  dropStates(chain: string, epochs: readonly number[]): void {
    const objects = this.objects(chain);
    const dropped: EpochRecord[] = [];
    const needed = new Set<string>();
    for (const record of this.readEpochs(chain, 'an error')) {
      if (epochs.includes(record.epoch)) dropped.push(record);
      else for (const hex of objects.namesOf(record.state)) needed.add(hex);
    }
    for (const { state } of dropped) {
      for (const hex of objects.namesOf(state)) {
        if (!needed.has(hex)) this.#context.onSize(-objects.drop(hex));
      }
    }
  }

  /** The objects of a chain's states. */
  objects(chain: string): Objects {
    return new Objects(path.join(this.#folder(chain), 'objects'), this.#context);
  }

  /** Records an epoch that was computed elsewhere. */
  adoptEpoch(record: EpochRecord): Promise<void> {
    this.#onUse(record.chain);
    return this.#writeRecord(record, true);
  }

  async #writeRecord(record: EpochRecord, durable: boolean): Promise<void> {
    const file = epochPath(this.#context.layout.chains, record.chain, record.epoch);
    writeChecksummed(file, record, this.#context.scratch, durable ? 'durable' : 'atomic');
    if (durable) await syncOne(path.dirname(file));
  }

  #folder(chain: string): string {
    return path.join(this.#context.layout.chains, chain);
  }

  #file(chain: string, name: 'inputs' | 'noted' | 'about'): string {
    return path.join(this.#folder(chain), `${name}.json`);
  }
}
