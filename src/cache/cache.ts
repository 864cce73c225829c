/** The cache of one project, as one process uses it. docs/cache.md gives the order of effects. */
import path from 'node:path';
import { ReadSet } from '../noop/read-set.js';
import { isFolder, lstatIfThere, MOST_READ } from '../sys/if-there.js';
import type { CacheContext } from './files/cache-context.js';
import { DURABLE_SECONDS, makeDurable, syncOne } from './files/durable.js';
import { bestEffort, unlessDamaged } from './files/file-errors.js';
import { renew } from './files/renew.js';
import { Scratch, sweepDead } from './files/scratch-folder.js';
import { writeChecksummed } from './files/write-whole.js';
import { type Cooperative, finish, finishSync } from './files/yielding.js';
import { DiskUsage } from './gc/disk-usage.js';
import { ignoreNewCache } from './gc/git-ignore.js';
import { foldersOf, type Layout, layoutOf } from './layout.js';
import { type Digest, kindOf, nameOf } from './objects/digest.js';
import { firstUnsound, isWhole, Objects } from './objects/objects.js';
import { putBack } from './objects/sweeper.js';
import type { TreeEntry } from './objects/tree.js';
import { Chains } from './records/epoch-chains.js';
import { Logs } from './records/logs.js';
import { type Needs, Pin, UNKNOWN_TO_GC } from './records/pins.js';
import { ProjectState } from './records/project-state.js';
import type { RecordedOut, RunRecord } from './records/record.js';
import { readRecordFile, readRunRecord, recordPath } from './records/records.js';
import { assemble } from './scan/listing.js';
import type { Scan } from './scan/rows.js';
import type { ScanOptions } from './scan/walk.js';
import { Workspace } from './scan/workspace.js';
import { Upkeep } from './upkeep.js';
import { WorkspaceOuts } from './workspace-outs.js';

export { DamagedObject, UnusableFile } from './files/file-errors.js';
export type { Attempt, Executed, LastRun, Matches } from './records/project-state.js';
export type { Scan } from './scan/rows.js';
export type { ScanOptions } from './scan/walk.js';
export type { StoredOut } from './workspace-outs.js';

export type ReadOnly = boolean | 'if-new';

interface CacheOptions {
  /** Absolute path. */
  readonly project: string;
  /** Absolute path of the cache folder. Default: `cache` in the project. */
  readonly folder?: string;
  /**
   * Write nothing that only saves time: no stat index, no plans, no listings of deps. `if-new`: unless
   * there is a cache already.
   */
  readonly readOnly?: ReadOnly;
  /** Receives a warning about each thing that the cache ignored, once, with the reason. */
  readonly warn: (message: string) => void;
}

export function openCache(options: CacheOptions): Cache {
  return new Cache(options);
}

export class Cache {
  readonly layout: Layout;
  /** Chains of epochs, with their states. */
  readonly chains: Chains;
  /** The contents of the project's own folder in the cache. */
  readonly state: ProjectState;
  readonly logs: Logs;
  readonly outs: WorkspaceOuts;
  /** The cache's size, and the commands that go through all of it. */
  readonly upkeep: Upkeep;
  /** Read set of the decisions so far. */
  readonly readSet: ReadSet;
  readonly #context: CacheContext;
  readonly #objects: Objects;
  readonly #scratch: Scratch;
  readonly #pin: Pin;
  readonly #size: DiskUsage;
  readonly isReadOnly: boolean;
  readonly #warned = new Set<string>();
  readonly #warn: (message: string) => void;
  #workspace: Workspace | undefined;

  constructor({ project, folder, readOnly: given = false, warn }: CacheOptions) {
    this.layout = layoutOf(project, folder);
    const readOnly = given === 'if-new' ? !isFolder(this.layout.home) : given;
    this.isReadOnly = readOnly;
    this.#scratch = new Scratch(this.layout, readOnly, () => {
      this.#size.begin();
      ignoreNewCache(this.layout, folder !== undefined);
    });
    this.readSet = this.newReadSet();
    for (const folder of foldersOf(this.layout)) this.#scratch.fence.check(folder);
    this.#pin = new Pin(this.layout.pins, this.#scratch);
    this.#warn = (message) => {
      if (this.#warned.has(message)) return;
      this.#warned.add(message);
      warn(message);
    };
    const own = { layout: this.layout, scratch: this.#scratch, readOnly, warn: this.#warn };
    this.#size = new DiskUsage(own);
    const context = { ...own, onSize: this.#size.add };
    this.#context = context;
    this.#objects = new Objects(this.layout.objects, context);
    this.chains = new Chains(context, (chain) => this.#pin.add({ chains: [chain] }));
    this.state = new ProjectState(context, this.readSet);
    this.logs = new Logs(context, this.#pin);
    this.outs = new WorkspaceOuts({
      ...context,
      state: this.state,
      workspace: () => this.#open(),
      objects: this.#objects,
      pin: this.#pin,
    });
    this.upkeep = new Upkeep(context, this.#size, this.#pin);
  }

  /** The file system's time at a moment of performance.now(), or earlier. */
  timeAt(dev: number, moment: number): number {
    return this.#scratch.clocks.timeAt(dev, moment);
  }

  /** An empty read set, for what is read from now on. */
  newReadSet(): ReadSet {
    return new ReadSet(this.layout.project, this.#scratch.clocks);
  }

  /** Content at a project-relative path; undefined if nothing exists there. Remembered for the run. */
  scanSync(where: string, options?: ScanOptions): Scan | undefined {
    const { scanner } = this.#open();
    return scanner.unchanged(where, options) ?? finishSync(scanner.scan(where, options));
  }

  /** Like `scanSync`, in slices. */
  *scanning(where: string, options?: ScanOptions): Cooperative<Scan | undefined> {
    const { scanner } = this.#open();
    return scanner.unchanged(where, options) ?? (yield* scanner.scan(where, options));
  }

  /** Like `scanSync`, but yields to the event loop every 10 ms. */
  scan(where: string, options?: ScanOptions): Promise<Scan | undefined> {
    return finish(this.#open().scanner.scan(where, options));
  }

  exists(where: string): boolean {
    return lstatIfThere(path.join(this.layout.project, where)) !== undefined;
  }

  /** Discards the scan results at, below and above a path that a process has written to. */
  forget(where: string): void {
    this.#open().scanner.forget(where);
  }

  /** Entries of a directory, by its digest; undefined if the listing is not stored. */
  treeListing(digest: Digest): readonly TreeEntry[] | undefined {
    const hex = nameOf(digest);
    if (kindOf(digest) !== 'directory' || this.#objects.wanted(hex) === undefined) return undefined;
    return this.#unlessDamaged(() => this.#objects.tree(hex));
  }

  isDeleted(): boolean {
    return this.#scratch.isDeleted();
  }

  /** Undefined for a missing file. */
  storedSize(digest: Digest): number | undefined {
    return this.#objects.wanted(nameOf(digest))?.size;
  }

  /** Bytes of a stored file; undefined when they are missing, damaged or many. */
  readStored(digest: Digest): Buffer | undefined {
    const hex = nameOf(digest);
    if (kindOf(digest) === 'directory' || (this.storedSize(digest) ?? 0) > MOST_READ)
      return undefined;
    return this.#unlessDamaged(() => this.#objects.readIfThere(hex));
  }

  /** Undefined when there is no record. An invalid record counts as absent, with a warning. */
  readRecord(key: string): RunRecord | undefined {
    return readRunRecord(this.layout.records, key, this.#warn);
  }

  /** Like `readRecord`, with the stat of the record's file; undefined if there is no file. */
  readRecordFile(key: string): ReturnType<typeof readRecordFile> {
    return readRecordFile(this.layout.records, key, this.#warn);
  }

  /**
   * Outs of a record, which is all that most decisions need. An unchanged record file is not read
   * again, because with 10,000 items these reads dominate.
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

  /** True when all objects of a digest exist with the right size. */
  hasAll(digest: Digest, size?: number): boolean {
    return this.#unlessDamaged(() => isWhole(this.#objects, digest, size)) ?? false;
  }

  /** The first object of a digest that is missing or does not match its name. Reads all of them. */
  firstUnsound(digest: Digest): Promise<string | undefined> {
    return firstUnsound(this.#objects, digest);
  }

  /** A folder of exactly these entries, by their path in it. Stores its listing. */
  assemble(entries: ReadonlyMap<string, Scan>): Scan {
    return assemble(entries, this.#open().keepTree);
  }

  /**
   * Call before code outside the cache module writes to a folder of the cache.
   *
   * @throws UserError when the folder is a link that leads out of the cache
   */
  refuseLink(folder: string): void {
    this.#scratch.fence.check(folder);
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

  /** The store of results, or of a chain's states, to copy objects from and to. */
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

  /**
   * Like `pin`, for one stored result: its record becomes newer than this process's pin, so gc
   * keeps it.
   */
  use(key: string): void {
    bestEffort(UNKNOWN_TO_GC, this.#warn, () => {
      this.#pin.place();
      renew(recordPath(this.layout.records, key), this.#scratch.clocks.date());
    });
  }

  /**
   * At the end of a run, notes what it needed. Gc keeps that, and the chains that the run worked
   * on, for a while.
   */
  noteRun({ keys, chains }: Needs): void {
    this.state.noteRun({ keys, chains: [...new Set([...chains, ...this.#pin.chains])] });
  }

  /** Writes the stat index and the index of outs, and deletes files that were moved aside. */
  close(): void {
    this.#workspace?.save();
    this.#size.note();
    this.state.close();
    this.#pin.remove();
    const left = this.#scratch.remove();
    if (left !== undefined) this.#warn(left);
  }

  #open(): Workspace {
    const { folder } = this.state;
    this.#workspace ??= new Workspace(this.#context, folder, this.#objects, this.readSet);
    return this.#workspace;
  }

  /** Warns about damage once, then treats the damaged object as absent. */
  #unlessDamaged<T>(act: () => T): T | undefined {
    return unlessDamaged(act, ({ message }) => this.#warn(message));
  }
}
