/** The cache of one project, as one process uses it. docs/cache.md gives the order of effects. */
import path from 'node:path';
import { ReadSet } from '../noop/read-set.js';
import { ownIdentity, tagOf } from '../sys/identity.js';
import { lstatIfThere } from '../sys/if-there.js';
import { DURABLE_SECONDS, makeDurable, syncOne } from './files/durable.js';
import { bestEffort, DamagedObject } from './files/file-errors.js';
import { renew } from './files/renew.js';
import { Scratch, sweepDead } from './files/scratch-folder.js';
import { roomOf } from './files/sparse.js';
import { writeChecksummed } from './files/write-whole.js';
import { type Cooperative, finish, finishSync } from './files/yielding.js';
import type { CacheContext } from './gc/cache-context.js';
import { type CacheStats, statsOf } from './gc/cache-stats.js';
import { DiskUsage } from './gc/disk-usage.js';
import { collect, type GcOptions, type GcReport } from './gc/gc.js';
import { ignoreNewCache } from './gc/git-ignore.js';
import { type VerifyOptions, type VerifyReport, verify } from './gc/verify-cache.js';
import { foldersOf, type Layout, layoutOf } from './layout.js';
import { type Digest, kindOf, nameOf } from './objects/digest.js';
import { firstUnsound } from './objects/integrity.js';
import { isWhole, Objects } from './objects/objects.js';
import { putBack } from './objects/sweeper.js';
import type { TreeEntry } from './objects/tree.js';
import { copyStored } from './outs/copy-out.js';
import { OutRestore, type Restored, removeAside } from './outs/restore-outs.js';
import { OutStore } from './outs/store-outs.js';
import { Chains } from './records/epoch-chains.js';
import { type Giving, GivingWay } from './records/make-way.js';
import { type Needs, Pin } from './records/pins.js';
import { ProjectState } from './records/project-state.js';
import type { RecordedOut, RunRecord } from './records/record.js';
import { readRecordFile, readRunRecord, recordPath } from './records/records.js';
import { assemble } from './scan/assemble.js';
import type { Scan } from './scan/rows.js';
import type { ScanOptions } from './scan/walk.js';
import { Workspace } from './scan/workspace.js';

export { DamagedObject, UnusableFile } from './files/file-errors.js';
export type { Attempt, Executed, LastRun, Matches } from './records/project-state.js';
export type { Scan } from './scan/rows.js';
export type { ScanOptions } from './scan/walk.js';

export interface CacheOptions {
  /** Absolute path. */
  readonly project: string;
  /** Absolute path of the cache folder. Default: `cache` in the project. */
  readonly folder?: string;
  /** Write nothing that only saves time: no stat index, no plans, no listings of deps. */
  readonly readOnly?: boolean;
  /** Receives what the cache ignored and why, once for each thing. */
  readonly warn: (message: string) => void;
}

export type StoredOut = Omit<RecordedOut, 'name'>;

export type Restorable = Pick<RecordedOut, 'digest' | 'permissions'>;

/** A cache that pipe may only read cannot be collected by this process either. */
const UNKNOWN_TO_GC = 'a gc that runs at the same time does not know what this run needs';

export function openCache(options: CacheOptions): Cache {
  return new Cache(options);
}

export class Cache {
  readonly layout: Layout;
  /** Chains of epochs, with their states. */
  readonly chains: Chains;
  /** What the project's own folder in the cache holds. */
  readonly state: ProjectState;
  /** Read set of the decisions so far. */
  readonly readSet: ReadSet;
  readonly #objects: Objects;
  readonly #scratch: Scratch;
  readonly #pin: Pin;
  readonly #givingWay: GivingWay;
  readonly #size: DiskUsage;
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
    this.readSet = this.newReadSet();
    for (const folder of foldersOf(this.layout)) this.#scratch.fence.check(folder);
    this.#pin = new Pin(this.layout.pins, this.#scratch);
    this.#warn = (message) => {
      if (this.#warned.has(message)) return;
      this.#warned.add(message);
      warn(message);
    };
    this.#size = new DiskUsage(this.layout, this.#scratch, this.#warn);
    const { objects, damaged } = this.layout;
    this.#objects = new Objects(objects, damaged, this.#scratch, this.#size.add);
    this.chains = new Chains(this.layout, this.#scratch, this.#warn, {
      onSize: this.#size.add,
      onUse: (chain) => this.#pin.add({ chains: [chain] }),
    });
    this.state = new ProjectState({
      layout: this.layout,
      scratch: this.#scratch,
      readOnly,
      readSet: this.readSet,
      warn: this.#warn,
    });
    this.#givingWay = new GivingWay({
      layout: this.layout,
      folder: () => this.state.folder,
      workspace: () => this.#open(),
      objects: this.#objects,
      scratch: this.#scratch,
      pin: this.#pin,
      readOnly,
      onMoved: this.#size.add,
      warn: this.#warn,
    });
  }

  /** The file system's time at a moment of performance.now(), or earlier. */
  timeAt(dev: number, moment: number): number {
    return this.#scratch.clocks.timeAt(dev, moment);
  }

  /** An empty read set, for what is read from now on. */
  newReadSet(): ReadSet {
    return new ReadSet(this.layout.project, this.#scratch.clocks);
  }

  /** Content at a project-relative path; undefined when nothing is there. Remembered for the run. */
  scanSync(where: string, options?: ScanOptions): Scan | undefined {
    const { scanner } = this.#open();
    return scanner.unchanged(where, options) ?? finishSync(scanner.scan(where, options));
  }

  /** As `scanSync`, in slices. */
  *scanning(where: string, options?: ScanOptions): Cooperative<Scan | undefined> {
    const { scanner } = this.#open();
    return scanner.unchanged(where, options) ?? (yield* scanner.scan(where, options));
  }

  /** As `scanSync`, but yields to the event loop every 10 ms. */
  scan(where: string, options?: ScanOptions): Promise<Scan | undefined> {
    return finish(this.#open().scanner.scan(where, options));
  }

  exists(where: string): boolean {
    return lstatIfThere(path.join(this.layout.project, where)) !== undefined;
  }

  /** Discards what was seen at, below and above a path that a process has written to. */
  forget(where: string): void {
    this.#open().scanner.forget(where);
  }

  /** Entries of a directory, by its digest; undefined when the listing is not stored. */
  treeListing(digest: Digest): readonly TreeEntry[] | undefined {
    const hex = nameOf(digest);
    if (kindOf(digest) !== 'directory' || this.#objects.wanted(hex) === undefined) return undefined;
    return this.#unlessDamaged(() => this.#objects.tree(hex));
  }

  /** Bytes of a stored file; undefined when they are missing or damaged. */
  readStored(digest: Digest): Buffer | undefined {
    const hex = nameOf(digest);
    if (kindOf(digest) === 'directory') return undefined;
    return this.#unlessDamaged(() => this.#objects.readIfThere(hex));
  }

  /** Undefined when there is no record. An invalid record counts as absent, with a warning. */
  readRecord(key: string): RunRecord | undefined {
    return readRunRecord(this.layout.records, key, this.#warn);
  }

  /** As `readRecord`, with the stat of the record's file; undefined when the file is not there. */
  readRecordFile(key: string): ReturnType<typeof readRecordFile> {
    return readRecordFile(this.layout.records, key, this.#warn);
  }

  /**
   * Outs of a record, which is all that most decisions need. An unchanged record file is not read
   * again: with 10,000 items, that read dominates.
   */
  readOuts(key: string): readonly RecordedOut[] | undefined {
    return this.state.outs(key);
  }

  /** The caller writes the record last, after storing every out: from then on the result exists. */
  async writeRecord(record: RunRecord): Promise<void> {
    const file = recordPath(this.layout.records, record.key);
    const durable = record.seconds >= DURABLE_SECONDS;
    if (durable) await makeDurable(this.#objects.takeUnsynced(), this.layout.home);
    writeChecksummed(file, record, this.#scratch, durable ? 'durable' : 'atomic');
    if (durable) await syncOne(path.dirname(file));
  }

  /**
   * Copies an out into the object store.
   *
   * @param isTemp stores no content, only the listings of folders
   * @throws UnusableFile when the out changes during the copy or contains what cannot be stored
   */
  async storeOut(where: string, isTemp = false): Promise<StoredOut> {
    const { scanner } = this.#open();
    this.#pin.place();
    const storing = new OutStore(this.layout.project, where, this.#objects, this.#scratch, isTemp);
    const scan = await finish(scanner.keep(where, storing));
    if (scan === undefined) throw new Error(`out ${where} is to be stored, but is not there`);
    this.state.setWrote(where, scan.digest);
    const { permissions } = storing;
    return {
      ...scan,
      ...(permissions !== undefined && { permissions }),
      ...(isTemp && { temp: true }),
    };
  }

  /** True when all objects of a digest exist with the right size. */
  hasAll(digest: Digest, size?: number): boolean {
    return this.#unlessDamaged(() => isWhole(this.#objects, digest, size)) ?? false;
  }

  /** The first of a digest's objects that is missing or does not match its name. Reads all of them. */
  firstUnsound(digest: Digest): Promise<string | undefined> {
    return firstUnsound(this.#objects, digest);
  }

  /**
   * Restores a stored out. User files in the way move to replaced/.
   *
   * @throws DamagedObject when an object is missing or damaged; a damaged object is set aside
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
    if (this.state.wrote(where) !== digest) this.state.noteBegun(where);
    const restored = await new OutRestore(parts, where, permissions).restore(digest);
    this.state.setWrote(where, digest);
    return restored;
  }

  /**
   * Copies a stored out to a free path (absolute) outside the workspace.
   *
   * @throws DamagedObject when an object is missing or damaged
   */
  copyOut(out: RecordedOut, target: string): Promise<void> {
    return copyStored(this.#objects, out, target);
  }

  /**
   * Removes an out. A directory moves to tmp/ and is deleted when the cache closes. Files that pipe
   * did not create move to replaced/ instead.
   */
  async removeOut(where: string, giving: Giving = {}): Promise<void> {
    await this.#givingWay.keepForeign(where, giving);
    removeAside(path.join(this.layout.project, where), this.#scratch);
    this.forget(where);
  }

  /** Marks what a failed execution left at an out as not the user's: the next clearing deletes it. */
  noteLeft(where: string): Promise<void> {
    return this.#givingWay.noteLeft(where);
  }

  /**
   * Moves replaced files back after an execution that brought no result and left no file at the out.
   * Returns the sentence that reports it.
   */
  returnReplaced(where: string): string | undefined {
    return this.#givingWay.returnReplaced(where);
  }

  /** A folder made of exactly these entries, by their path in it. Stores its listing. */
  assemble(entries: ReadonlyMap<string, Scan>): Scan {
    return assemble(entries, this.#open().keepTree);
  }

  get isReadOnly(): boolean {
    return this.#readOnly;
  }

  /**
   * Check before anything outside the cache writes to a folder of the cache.
   *
   * @throws UserError when the folder is a link that leads out of the cache
   */
  refuseLink(folder: string): void {
    this.#scratch.fence.check(folder);
  }

  /**
   * Absolute path of the log for an execution that is about to begin. `folder`: log folder of the
   * item. A gc that begins later leaves the log alone while this process lives.
   */
  newLog(folder: string): string {
    const logs = path.join(this.layout.logs, folder);
    this.refuseLink(logs);
    bestEffort(UNKNOWN_TO_GC, this.#warn, () => this.#pin.place());
    const date = this.#scratch.clocks.date();
    // The tag identifies this process, so that its children are found by their log after it dies.
    const tag = tagOf(ownIdentity());
    const named = () => path.join(logs, `${date.toISOString().replaceAll(':', '-')}-${tag}.log`);
    // Two reads of the clock may return the same time.
    while (lstatIfThere(named()) !== undefined) date.setMilliseconds(date.getMilliseconds() + 1);
    return named();
  }

  /** Adds a finished log to the size of the cache. */
  countLog(file: string): void {
    const stat = lstatIfThere(file);
    if (stat !== undefined) this.#size.add(roomOf(stat));
  }

  /** A folder of this process in tmp/, deleted when the cache closes. */
  tmpFolder(name: string): string {
    return this.#scratch.named(name);
  }

  /** Deletes what dead processes left in tmp/. */
  sweepTmp(): void {
    const { fence } = this.#scratch;
    sweepDead(this.#scratch, (folder) => putBack(this.layout.root, folder, fence), this.#warn);
    this.readSet.recordLstat(this.layout.tmp, lstatIfThere(this.layout.tmp));
  }

  /** The objects of results, or of a chain's states, to copy from and to. */
  objects(chain?: string): Objects {
    this.#pin.place();
    if (chain === undefined) return this.#objects;
    this.#pin.add({ chains: [chain] });
    return this.chains.objects(chain);
  }

  /** Path of a new temporary file, on the file system of the objects. */
  draft(): string {
    return this.#scratch.file();
  }

  /** Protects results and chains from every gc until this process closes the cache or ends. */
  pin(needs: Partial<Needs>): void {
    bestEffort(UNKNOWN_TO_GC, this.#warn, () => this.#pin.add(needs));
  }

  /** As `pin`, for one stored result: its record becomes newer than this process's pin, so gc keeps it. */
  use(key: string): void {
    bestEffort(UNKNOWN_TO_GC, this.#warn, () => {
      this.#pin.place();
      renew(recordPath(this.layout.records, key), this.#scratch.clocks.date());
    });
  }

  /** Notes what a run needed, at its end: gc keeps it, and the chains that the run worked on, for a while. */
  noteRun({ keys, chains }: Needs): void {
    this.state.noteRun({ keys, chains: [...new Set([...chains, ...this.#pin.chains])] });
  }

  /** True when this process has stored anything. */
  get grew(): boolean {
    return this.#size.grew;
  }

  /** True when the cache exceeds the limit (bytes), unless the last gc could not get below it. */
  isOver(limit: number): Promise<boolean> {
    return this.#size.isOver(limit);
  }

  /** Removes what nothing needs. Safe while other processes use the cache. */
  async gc(options: GcOptions): Promise<GcReport> {
    if (options.dry === true) return collect(this.#context(), options);
    this.#pin.place();
    const noted = this.#size.noted();
    const report = await collect(this.#context(), options);
    this.#size.setLeft(report.bytesAfter, noted);
    return report;
  }

  /** Reads every object and record; reports damage and the items that it affects. */
  verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    return verify(this.#context(), options);
  }

  stats(maxSize?: number): Promise<CacheStats> {
    return statsOf(this.#context(), maxSize);
  }

  /** Writes the stat index and the ledger, and deletes what was moved aside. */
  close(): void {
    this.#workspace?.save();
    this.#size.note();
    this.state.close();
    this.#pin.remove();
    const left = this.#scratch.remove();
    if (left !== undefined) this.#warn(left);
  }

  #open(): Workspace {
    this.#workspace ??= new Workspace({
      project: this.layout.project,
      folder: this.state.folder,
      objects: this.#objects,
      scratch: this.#scratch,
      readOnly: this.#readOnly,
      readSet: this.readSet,
      warn: this.#warn,
    });
    return this.#workspace;
  }

  #context(): CacheContext {
    return { layout: this.layout, scratch: this.#scratch, warn: this.#warn };
  }

  /** Warns about damage once, then treats it as absence. */
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
