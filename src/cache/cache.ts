/** The cache of one project as one process sees it. See docs/cache.md for the order of effects. */
import path from 'node:path';
import { ownIdentity, tagOf } from '../sys/identity.js';
import { collect, type GcOptions, type GcReport } from './care/gc.js';
import type { Ground } from './care/ground.js';
import { ignoreNewCache } from './care/ignored.js';
import { Size } from './care/size.js';
import { type CacheStats, statsOf } from './care/stats.js';
import { type VerifyOptions, type VerifyReport, verify } from './care/verifying.js';
import { DURABLE_SECONDS, makeDurable, syncOne } from './files/durable.js';
import { bestEffort, DamagedObject } from './files/errors.js';
import { lstatIfThere, renew } from './files/look.js';
import { finish, finishSync, type Sliced } from './files/pace.js';
import { Scratch, sweepDead } from './files/scratch.js';
import { writeSealed } from './files/sealed-file.js';
import { roomOf } from './files/sparse.js';
import { foldersOf, type Layout, layoutOf } from './layout.js';
import { type Digest, kindOf, nameOf } from './objects/digest.js';
import { isWhole, Objects } from './objects/objects.js';
import { firstUnsound } from './objects/sound.js';
import { putBack } from './objects/sweeper.js';
import type { TreeEntry } from './objects/tree.js';
import { type Restored, Restoring, removeAside } from './outs/restoring.js';
import { Storing } from './outs/storing.js';
import { Chains } from './records/chains.js';
import { type Giving, GivingWay } from './records/giving-way.js';
import { type Attempt, type KeptKind, type LastRun, Notes } from './records/notes.js';
import { type Needs, Pin } from './records/pins.js';
import type {
  ChainAbout,
  CommitNote,
  EpochRecord,
  RecordedOut,
  RunRecord,
} from './records/record.js';
import { readRunRecord, recordPath } from './records/records.js';
import type { Wrote } from './records/written.js';
import { assemble } from './scan/assemble.js';
import { firstMoved, type LookLists, Looks } from './scan/looks.js';
import type { Scan } from './scan/rows.js';
import type { ScanOptions } from './scan/scanner.js';
import { Workspace } from './scan/workspace.js';

export { DamagedObject, UnusableFile } from './files/errors.js';
export type { Attempt, LastRun, Matches } from './records/notes.js';
export type { Scan } from './scan/rows.js';
export type { ScanOptions } from './scan/scanner.js';

export interface CacheOptions {
  /** Absolute path of the project. */
  readonly project: string;
  /** Absolute path of the cache folder; default: `cache` in the project. */
  readonly folder?: string;
  /** Nothing is kept that only saves time: no stat index, no plans, no listings of deps. */
  readonly readOnly?: boolean;
  /** Told about what was ignored and why, each thing once. */
  readonly warn: (message: string) => void;
}

/** What was stored of an out. */
export type StoredOut = Omit<RecordedOut, 'name'>;

export type Restorable = Pick<RecordedOut, 'digest' | 'permissions'>;

/** A cache that may only be read is not collected by us either. */
const UNKNOWN_TO_GC = 'a gc that runs at the same time does not know what this run needs';

export function openCache(options: CacheOptions): Cache {
  return new Cache(options);
}

export class Cache {
  readonly layout: Layout;
  /** What was looked at so far, to decide. */
  readonly looks: Looks;
  readonly #objects: Objects;
  readonly #scratch: Scratch;
  readonly #chains: Chains;
  readonly #pin: Pin;
  readonly #notes: Notes;
  readonly #givingWay: GivingWay;
  readonly #size: Size;
  readonly #warned = new Set<string>();
  readonly #warn: (message: string) => void;
  readonly #readOnly: boolean;
  #workspace: Workspace | undefined;

  constructor({ project, folder, readOnly = false, warn }: CacheOptions) {
    this.#readOnly = readOnly;
    this.layout = layoutOf(project, folder);
    this.#scratch = new Scratch(this.layout, readOnly, () =>
      ignoreNewCache(this.layout, folder !== undefined),
    );
    this.looks = this.newLooks();
    for (const folder of foldersOf(this.layout)) this.#scratch.fence.check(folder);
    this.#pin = new Pin(this.layout.pins, this.#scratch);
    this.#warn = (message) => {
      if (this.#warned.has(message)) return;
      this.#warned.add(message);
      warn(message);
    };
    this.#size = new Size(this.layout, this.#scratch, this.#warn);
    const { objects, damaged } = this.layout;
    this.#objects = new Objects(objects, damaged, this.#scratch, this.#size.add);
    this.#chains = new Chains(this.layout, this.#scratch, this.#warn, this.#size.add);
    this.#notes = new Notes({
      layout: this.layout,
      scratch: this.#scratch,
      readOnly,
      looks: this.looks,
      warn: this.#warn,
    });
    this.#givingWay = new GivingWay({
      layout: this.layout,
      folder: () => this.#notes.folder,
      workspace: () => this.#open(),
      objects: this.#objects,
      scratch: this.#scratch,
      pin: this.#pin,
      readOnly,
      onMoved: this.#size.add,
      warn: this.#warn,
    });
  }

  /** What the clock of a file system said at a moment of performance.now(); never later than that. */
  timeAt(dev: number, moment: number): number {
    return this.#scratch.clocks.timeAt(dev, moment);
  }

  /** To note what is looked at from now on. */
  newLooks(): Looks {
    return new Looks(this.layout.project, this.#scratch.clocks);
  }

  /** What lies at a project-relative path; undefined when nothing does. Remembered for the run. */
  scanSync(where: string, options?: ScanOptions): Scan | undefined {
    const { scanner } = this.#open();
    return scanner.unchanged(where, options) ?? finishSync(scanner.scan(where, options));
  }

  /** The same, in slices. */
  *scanning(where: string, options?: ScanOptions): Sliced<Scan | undefined> {
    const { scanner } = this.#open();
    return scanner.unchanged(where, options) ?? (yield* scanner.scan(where, options));
  }

  /** The same, with a turn of the event loop every 10 ms. */
  scan(where: string, options?: ScanOptions): Promise<Scan | undefined> {
    return finish(this.#open().scanner.scan(where, options));
  }

  /** True when anything lies at the path. */
  exists(where: string): boolean {
    return lstatIfThere(path.join(this.layout.project, where)) !== undefined;
  }

  /** A process wrote there: what was seen at, below and above the path is looked at again. */
  forget(where: string): void {
    this.#open().scanner.forget(where);
  }

  /** The entries of a directory by its digest; undefined when its listing is not stored. */
  treeListing(digest: Digest): readonly TreeEntry[] | undefined {
    const hex = nameOf(digest);
    if (kindOf(digest) !== 'directory' || this.#objects.wanted(hex) === undefined) return undefined;
    return this.#unlessDamaged(() => this.#objects.tree(hex));
  }

  /** The bytes of a stored file; undefined when they are not there, or damaged. */
  readStored(digest: Digest): Buffer | undefined {
    const hex = nameOf(digest);
    if (kindOf(digest) === 'directory' || this.#objects.wanted(hex) === undefined) return undefined;
    return this.#unlessDamaged(() => this.#objects.read(hex));
  }

  /** Undefined when there is none; one that cannot be believed is warned about and does not count. */
  readRecord(key: string): RunRecord | undefined {
    return readRunRecord(this.layout.records, key, this.#warn);
  }

  /**
   * The outs of a record, which is all that most decisions need. A record whose file looks as it did
   * is not read again: with ten thousand items that is most of the time.
   */
  readOuts(key: string): readonly RecordedOut[] | undefined {
    return this.#notes.outs(key);
  }

  /** Called last, when every out is stored: from here on the result exists. */
  async writeRecord(record: RunRecord): Promise<void> {
    const file = recordPath(this.layout.records, record.key);
    const durable = record.seconds >= DURABLE_SECONDS;
    if (durable) await makeDurable(this.#objects.takeUnsynced(), this.layout.home);
    writeSealed(file, record, this.#scratch, durable ? 'durable' : 'atomic');
    if (durable) await syncOne(path.dirname(file));
  }

  /**
   * Copies an out into the objects and says what was stored.
   *
   * @throws UnusableFile when it changes meanwhile, or holds what cannot be kept
   */
  async storeOut(where: string): Promise<StoredOut> {
    const { scanner } = this.#open();
    this.#pin.place();
    const storing = new Storing(this.layout.project, where, this.#objects, this.#scratch);
    const scan = await finish(scanner.keep(where, storing));
    if (scan === undefined) throw new Error(`out ${where} is to be stored, but is not there`);
    this.#notes.setWrote(where, scan.digest);
    const { permissions } = storing;
    return permissions === undefined ? scan : { ...scan, permissions };
  }

  /** True when all objects of a digest are there with the right size. */
  hasAll(digest: Digest, size?: number): boolean {
    return this.#unlessDamaged(() => isWhole(this.#objects, digest, size)) ?? false;
  }

  /** The first of a digest's objects that is missing or not what its name says; all of them are read. */
  firstUnsound(digest: Digest): Promise<string | undefined> {
    return firstUnsound(this.#objects, digest);
  }

  /**
   * Puts a stored out back. Files of the user that are in the way are moved to replaced/.
   *
   * @throws DamagedObject when an object is missing or damaged; it is set aside
   */
  async restore(
    { digest, permissions }: Restorable,
    where: string,
    giving: Giving = {},
  ): Promise<Restored> {
    const { scanner, index } = this.#open();
    const parts = {
      project: this.layout.project,
      scanner,
      index,
      objects: this.#objects,
      scratch: this.#scratch,
    };
    await this.#givingWay.keepForeign(where, {
      ...giving,
      known: [digest, ...(giving.known ?? [])],
    });
    if (this.#notes.wrote(where) !== digest) this.#notes.setWrote(where, 'begun');
    const restored = await new Restoring(parts, where, permissions).restore(digest);
    this.#notes.setWrote(where, digest);
    return restored;
  }

  /**
   * Takes an out away. A directory is moved aside, and deleted when the cache is closed. What pipe
   * did not put there is moved to replaced/ instead.
   */
  async removeOut(where: string, giving: Giving = {}): Promise<void> {
    await this.#givingWay.keepForeign(where, giving);
    removeAside(path.join(this.layout.project, where), this.#scratch);
    this.forget(where);
  }

  /** What an execution without a result left there is no user's: the next clearing deletes it. */
  noteLeft(where: string): Promise<void> {
    return this.#givingWay.noteLeft(where);
  }

  /**
   * After an execution that brought no result and left no file at the out: what stood there before
   * is moved back. Returns the sentence that says so.
   */
  returnReplaced(where: string): string | undefined {
    return this.#givingWay.returnReplaced(where);
  }

  readLast(item: string): LastRun | undefined {
    return this.#notes.last(item);
  }

  writeLast(item: string, last: LastRun): void {
    this.#notes.setLast(item, last);
  }

  readAttempt(item: string): Attempt | undefined {
    return this.#notes.attempt(item);
  }

  writeAttempt(item: string, attempt: Attempt | undefined): void {
    this.#notes.setAttempt(item, attempt);
  }

  /** What pipe wrote at a path outside of `cache/out/`, the last time; undefined: nothing. */
  wrote(out: string): Wrote | undefined {
    return this.#notes.wrote(out);
  }

  /** An execution is about to write there. */
  noteBegun(out: string): void {
    this.#notes.setWrote(out, 'begun');
  }

  /** Paths below the folder, outside of `cache/out/`, that pipe ever wrote. */
  wroteBelow(folder: string): readonly string[] {
    return this.#notes.wroteBelow(folder);
  }

  /** An execution that brought no result does not write there any more. */
  noteEnded(out: string): void {
    this.#notes.setEnded(out);
  }

  /** A folder of just these entries, by their path in it; its listing is stored. */
  assemble(entries: ReadonlyMap<string, Scan>): Scan {
    return assemble(entries, this.#open().keepTree);
  }

  readKept(kind: KeptKind, name: string): unknown {
    return this.#notes.kept(kind, name);
  }

  writeKept(kind: KeptKind, name: string, value: unknown): void {
    this.#notes.keep(kind, name, value);
  }

  /** By epoch. What is missing or cannot be believed is a gap. */
  readEpochs(chain: string): EpochRecord[] {
    return this.#chains.readEpochs(chain);
  }

  /** Where the commits of a chain lie now, whoever works on it: only to be looked at. */
  commits(chain: string): string {
    return this.#chains.commits(chain);
  }

  /** $PIPE_COMMIT: a folder of this process's own that outlives every crash. `about` names the chain in messages. */
  commitFolder(chain: string, about?: ChainAbout): string {
    this.#pin.add({ chains: [chain] });
    return this.#chains.commitFolder(chain, about);
  }

  /** Epochs that were committed and not taken yet, ascending. */
  pendingCommits(chain: string): number[] {
    return this.#chains.pendingCommits(chain);
  }

  /** What the process that commits to the chain reads, as it lay when it started; undefined: not to be told. */
  noteInputs(chain: string, lists: LookLists | undefined): void {
    this.#chains.noteInputs(chain, lists);
  }

  /** True when all of that lies as it did: then what was committed and not recorded may be. */
  async inputsLieAsNoted(chain: string): Promise<boolean> {
    const lists = this.#chains.notedInputs(chain);
    return lists !== undefined && (await firstMoved(this.layout.project, lists)) === undefined;
  }

  /** Notes, for who comes after a crash, what was found out about a commit. */
  noteCommit(chain: string, note: CommitNote): void {
    this.#chains.note(chain, note);
  }

  /** What was noted last. */
  commitNote(chain: string): CommitNote | undefined {
    return this.#chains.commitNote(chain);
  }

  /** Takes away what was committed and may not be taken. */
  dropCommit(chain: string, epoch: number): void {
    this.#chains.dropCommit(chain, epoch);
  }

  /** Removes what a dead process left half-written in the commit folder. */
  clearDrafts(chain: string): void {
    this.#chains.clearDrafts(chain);
  }

  /**
   * Stores a committed epoch and records it; then its folder is gone, which acknowledges it. Killed
   * at any point, it is done again by the next call. `seconds` is undefined when nobody knows them,
   * as after a crash: then the epoch before it is the best guess.
   */
  takeCommit(chain: string, epoch: number, seconds: number | undefined): Promise<EpochRecord> {
    this.#pin.add({ chains: [chain] });
    return this.#chains.takeCommit(chain, epoch, seconds);
  }

  /**
   * Writes the state of an epoch as read-only files into a folder (absolute), which is made anew.
   *
   * @throws DamagedObject when part of it is missing or damaged: resume from an earlier epoch
   */
  restoreState(chain: string, epoch: number, into: string): Promise<string> {
    this.#pin.add({ chains: [chain] });
    return this.#chains.restoreState(chain, epoch, into);
  }

  hasState(record: EpochRecord): boolean {
    return this.#chains.hasState(record);
  }

  /** Gives states up, for `keep`; the records stay, with their metrics. */
  dropStates(chain: string, epochs: readonly number[]): void {
    this.#chains.dropStates(chain, epochs);
  }

  /**
   * Called before a folder of the cache is written to by what does not belong to the cache.
   *
   * @throws UserError when it is a link that leads out of the cache
   */
  refuseLink(folder: string): void {
    this.#scratch.fence.check(folder);
  }

  /**
   * Absolute path of the log of an execution that is about to begin. `folder`: the name that stands for
   * the item. A gc that begins from now on leaves it alone while this process lives.
   */
  newLog(folder: string): string {
    const logs = path.join(this.layout.logs, folder);
    this.refuseLink(logs);
    bestEffort(UNKNOWN_TO_GC, this.#warn, () => this.#pin.place());
    const date = this.#scratch.clocks.date();
    // The tag says whose processes write to it, should this one die.
    const tag = tagOf(ownIdentity());
    const named = () => path.join(logs, `${date.toISOString().replaceAll(':', '-')}-${tag}.log`);
    // Two clocks that are read apart may give one time.
    while (lstatIfThere(named()) !== undefined) date.setMilliseconds(date.getMilliseconds() + 1);
    return named();
  }

  /** The log is written: it counts for the size of the cache. */
  countLog(file: string): void {
    const stat = lstatIfThere(file);
    if (stat !== undefined) this.#size.add(roomOf(stat));
  }

  /** A folder in tmp/ of this process, gone when the cache is closed. */
  tmpFolder(name: string): string {
    return this.#scratch.named(name);
  }

  /** Deletes what dead processes left in tmp/. */
  sweepTmp(): void {
    const { fence } = this.#scratch;
    sweepDead(this.#scratch, (folder) => putBack(this.layout.root, folder, fence), this.#warn);
    this.looks.saw(this.layout.tmp, lstatIfThere(this.layout.tmp));
  }

  /** Keeps results and chains from every gc until this process closes the cache, or ends. */
  pin(needs: Partial<Needs>): void {
    bestEffort(UNKNOWN_TO_GC, this.#warn, () => this.#pin.add(needs));
  }

  /**
   * The same for one result that is stored already: its record gets a new time, and no gc takes what
   * is newer than the pin of a living process.
   */
  use(key: string): void {
    bestEffort(UNKNOWN_TO_GC, this.#warn, () => {
      this.#pin.place();
      renew(recordPath(this.layout.records, key), this.#scratch.clocks.date());
    });
  }

  /** At the end of a run: what it needed is kept for a while, and so are the chains it worked on. */
  noteRun({ keys, chains }: Needs): void {
    this.#notes.noteRun({ keys, chains: [...new Set([...chains, ...this.#pin.chains])] });
  }

  /** True when this process has stored something: else there is no more than before. */
  get grew(): boolean {
    return this.#size.grew;
  }

  /** True when the cache holds more than so many bytes, and gc has not just found that it must. */
  isOver(limit: number): Promise<boolean> {
    return this.#size.isOver(limit);
  }

  /** Removes what nothing needs; safe beside running processes. */
  async gc(options: GcOptions): Promise<GcReport> {
    if (options.dry === true) return collect(this.#ground(), options);
    this.#pin.place();
    const noted = this.#size.noted();
    const report = await collect(this.#ground(), options);
    this.#size.setLeft(report.bytesAfter, noted);
    return report;
  }

  /** Reads every object and every record, and says what is damaged and whom it concerns. */
  verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    return verify(this.#ground(), options);
  }

  /** What is held and what it costs. */
  stats(maxSize?: number): Promise<CacheStats> {
    return statsOf(this.#ground(), maxSize);
  }

  /** Writes the stat index and the ledger, and deletes what was moved aside. */
  close(): void {
    this.#workspace?.save();
    this.#size.note();
    this.#notes.close();
    this.#pin.remove();
    const left = this.#scratch.remove();
    if (left !== undefined) this.#warn(left);
  }

  #open(): Workspace {
    this.#workspace ??= new Workspace({
      project: this.layout.project,
      folder: this.#notes.folder,
      objects: this.#objects,
      scratch: this.#scratch,
      readOnly: this.#readOnly,
      looks: this.looks,
      warn: this.#warn,
    });
    return this.#workspace;
  }

  #ground(): Ground {
    return { layout: this.layout, scratch: this.#scratch, warn: this.#warn };
  }

  /** Damage is told once, and is as good as absence. */
  #unlessDamaged<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof DamagedObject)) throw error;
      this.#warn(error.message);
      return undefined;
    }
  }
}
