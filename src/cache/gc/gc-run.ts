/** One garbage collection: reference counts, and what it removed so far. */

import { notDeleted } from '../files/scratch-folder.js';
import { finish, Yielder } from '../files/yielding.js';
import { type Digest, kindOf } from '../objects/digest.js';
import { Objects } from '../objects/objects.js';
import type { Sweeper } from '../objects/sweeper.js';
import { Chains } from '../records/epoch-chains.js';
import { recordPath } from '../records/records.js';
import { KEPT_DAYS, type ReplacedFolder, replacedFolders } from '../records/replaced.js';
import type { CacheContext } from './cache-context.js';
import { type EvictionCandidate, evictionCandidates, type Needed } from './eviction.js';
import {
  bytesOf,
  type Inventory,
  type StoredChain,
  type StoredObject,
  type StoredRecord,
} from './inventory.js';
import { itemOf, type NeededLogs, type StoredLog, storedLogs } from './log-retention.js';
import { References } from './reference-counts.js';

/** Something that was removed, or would be in a dry run. */
export interface Removed {
  /** `garbage`: objects that no record refers to, as after a crash. */
  readonly kind: 'result' | 'state' | 'garbage' | 'damaged' | 'replaced' | 'log';
  /** Of replaced files: name of their folder. */
  readonly name?: string;
  /** The item that computed it. */
  readonly item?: string;
  readonly key?: string;
  readonly chain?: string;
  readonly epoch?: number;
  /** Of logs: how many of the item. */
  readonly count?: number;
  /** Bytes freed: less than the size when others share its objects. */
  readonly bytes: number;
  /** Time to recompute it. */
  readonly seconds?: number;
  readonly reason:
    | 'nothing refers to it'
    | 'too old'
    | 'over the size limit'
    | 'cannot be believed';
}

export interface Collected {
  readonly removed: readonly Removed[];
  /** How many more would have gone, had they not been stored or used too recently. */
  readonly tooNew: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** The object store of all results, or of one chain. */
interface Store {
  readonly objects: Objects;
  readonly stored: ReadonlyMap<string, StoredObject>;
  readonly references: References;
}

/** Replaced user files younger than this stay, whatever the size. */
const REPLACED_STAY_MS = 86_400_000;

/** Name of the store of results; a chain's store has the chain's name. */
const RESULTS = '';

export class GcRun {
  readonly #records: string;
  readonly #warn: (message: string) => void;
  readonly #inventory: Inventory;
  readonly #needed: Needed;
  readonly #sweeper: Sweeper;
  /** By the clock of the cache's file system. */
  readonly #now: number;
  readonly #stores: ReadonlyMap<string, Store>;
  readonly #byKey: ReadonlyMap<string, StoredRecord>;
  readonly #byChain: ReadonlyMap<string, StoredChain>;
  readonly #removed: Removed[] = [];
  readonly #pace = new Yielder();
  #replaced: readonly ReplacedFolder[];
  readonly #logs: readonly StoredLog[];
  readonly #bytesBefore: number;
  #tooNew = 0;
  #bytes: number;

  constructor(
    { layout, scratch, warn }: CacheContext,
    inventory: Inventory,
    needed: Needed,
    { sweeper, now }: { readonly sweeper: Sweeper; readonly now: number },
  ) {
    this.#records = layout.records;
    this.#warn = warn;
    this.#inventory = inventory;
    this.#needed = needed;
    this.#sweeper = sweeper;
    this.#now = now;
    this.#byKey = new Map(inventory.records.map((each) => [each.key, each]));
    this.#byChain = new Map(inventory.chains.map((each) => [each.chain, each]));
    const chains = new Chains(layout, scratch, warn);
    const results = new Objects(layout.objects, layout.damaged, scratch);
    this.#stores = new Map([
      [RESULTS, storeOf(results, inventory.objects)],
      ...inventory.chains.map(
        ({ chain, objects }) => [chain, storeOf(chains.objects(chain), objects)] as const,
      ),
    ]);
    this.#replaced = replacedFolders(layout.replaced);
    const stored = [...this.#stores.values()].map((store) => bytesOf(store.stored));
    this.#logs = storedLogs(layout);
    const others = [...this.#replaced, ...this.#logs].map(({ bytes }) => bytes);
    this.#bytesBefore = [...stored, ...others].reduce((sum, bytes) => sum + bytes, 0);
    this.#bytes = this.#bytesBefore;
  }

  report(): Collected {
    return {
      removed: this.#removed,
      tooNew: this.#tooNew,
      bytesBefore: this.#bytesBefore,
      bytesAfter: this.#bytes,
    };
  }

  /** Counts all references. Returns the bytes of what is needed. */
  async mark(): Promise<number> {
    const { references } = this.#store(RESULTS);
    const isNeeded = ({ key }: StoredRecord) => this.#needed.keys.has(key);
    const { records, chains } = this.#inventory;
    for (const stored of records) if (isNeeded(stored)) await this.#markRecord(stored);
    let needed = references.bytes();
    for (const stored of records) if (!isNeeded(stored)) await this.#markRecord(stored);
    const optional = new Map<string, number>();
    for (const candidate of evictionCandidates(this.#inventory, this.#needed)) {
      if (candidate.kind !== 'state') continue;
      optional.set(candidate.chain, (optional.get(candidate.chain) ?? 0) + candidate.bytes);
    }
    for (const { chain, epochs } of chains) {
      const store = this.#store(chain);
      for (const { state } of epochs) await finish(store.references.add(state));
      needed += Math.max(0, store.references.bytes() - (optional.get(chain) ?? 0));
    }
    return needed;
  }

  /** Removes invalid records, as a crash of the machine leaves them. */
  async removeUnbelieved(): Promise<void> {
    for (const { key, record } of this.#inventory.records) {
      if (record !== undefined || !this.#sweeper.take(recordPath(this.#records, key))) continue;
      this.#removed.push({ kind: 'damaged', key, bytes: 0, reason: 'cannot be believed' });
    }
  }

  /** Removes objects that nothing refers to. */
  async removeGarbage(): Promise<void> {
    for (const [name, { stored, references }] of this.#stores) {
      if (this.#needed.busy.has(name)) continue;
      const garbage = [...stored.keys()].filter((hex) => !references.has(hex));
      const bytes = await this.#removeObjects(name, garbage);
      if (bytes === undefined) continue;
      const chain = name === RESULTS ? {} : { chain: name };
      this.#removed.push({ kind: 'garbage', ...chain, bytes, reason: 'nothing refers to it' });
    }
  }

  /** Removes what was stored before `oldest` (milliseconds since 1970), then what exceeds `maxSize`. */
  async removeResults(oldest: number, maxSize: number): Promise<void> {
    const candidates = evictionCandidates(this.#inventory, this.#needed);
    for (const candidate of candidates) {
      if (candidate.stored < oldest) await this.#removeResult(candidate, 'too old');
    }
    for (const candidate of candidates) {
      if (this.#bytes <= maxSize) return;
      if (candidate.stored >= oldest) await this.#removeResult(candidate, 'over the size limit');
    }
  }

  /**
   * Removes logs that are not needed and that no running process writes to: those before `oldest`,
   * then as many as exceed `maxSize`. `since`: the earliest time at which a living process began to
   * write logs.
   */
  removeLogs(
    needed: NeededLogs,
    { since, oldest, maxSize }: { since: number; oldest: number; maxSize: number },
  ): void {
    for (const log of this.#logs) {
      const isOld = log.written < oldest;
      // Empty logs hold no information, and there may be many.
      const isWanted = !isOld && this.#bytes <= maxSize && (log.bytes > 0 || log.isNewest);
      if (isWanted || log.written >= since || needed.has(log)) continue;
      this.#sweeper.removeFile(log.file);
      this.#bytes -= log.bytes;
      if (log.bytes > 0) this.#noteLog(log, isOld ? 'too old' : 'over the size limit');
    }
  }

  /** Keeps one entry for each item and reason. */
  #noteLog({ folder, bytes }: StoredLog, reason: Removed['reason']): void {
    const item = itemOf(folder);
    const at = this.#removed.findIndex(
      (each) => each.kind === 'log' && each.item === item && each.reason === reason,
    );
    const before = this.#removed[at] ?? { bytes: 0, count: 0 };
    const sum = { bytes: before.bytes + bytes, count: (before.count ?? 0) + 1 };
    const entry: Removed = { kind: 'log', item, ...sum, reason };
    if (at < 0) this.#removed.push(entry);
    else this.#removed[at] = entry;
  }

  /** Removes replaced user files that were kept for the promised time. */
  removeOldReplaced(): void {
    const oldest = this.#now - KEPT_DAYS * 86_400_000;
    this.#removeReplaced((folder) => folder.moved < oldest, 'too old');
  }

  /** Removes other replaced files that exceed `maxSize`. They go last, since nothing can recompute them. */
  removeReplaced(maxSize: number): void {
    const newest = this.#now - REPLACED_STAY_MS;
    this.#removeReplaced(
      (folder) => this.#bytes > maxSize && folder.moved < newest,
      'over the size limit',
    );
  }

  /** Oldest first. */
  #removeReplaced(goes: (folder: ReplacedFolder) => boolean, reason: Removed['reason']): void {
    this.#replaced = this.#replaced.filter((folder) => {
      if (!goes(folder)) return true;
      const left = this.#sweeper.removeFolder(folder.path);
      if (left !== undefined) {
        this.#warn(notDeleted(left));
        return true;
      }
      this.#bytes -= folder.bytes;
      this.#removed.push({ kind: 'replaced', name: folder.name, bytes: folder.bytes, reason });
      return false;
    });
  }

  async #removeResult(candidate: EvictionCandidate, reason: Removed['reason']): Promise<void> {
    const { kind, item, seconds } = candidate;
    if (this.#sweeper.isTooNew(candidate.stored)) {
      this.#tooNew++;
      return;
    }
    const digests = kind === 'result' ? this.#unrecord(candidate.key) : [this.#stateOf(candidate)];
    if (digests === undefined) return;
    const name = kind === 'result' ? RESULTS : candidate.chain;
    const { references } = this.#store(name);
    const freed = digests.flatMap((digest) => references.remove(digest));
    const removed = await this.#removeObjects(name, freed);
    // A state that came into use meanwhile, or that another epoch shares, is still there.
    if (kind === 'state' && removed === undefined) return;
    const bytes = removed ?? 0;
    const which =
      kind === 'result'
        ? { key: candidate.key }
        : { chain: candidate.chain, epoch: candidate.epoch };
    this.#removed.push({ kind, item, ...which, bytes, seconds, reason });
  }

  /** The record goes before its objects, so that no record refers to missing objects. */
  #unrecord(key: string): Digest[] | undefined {
    const stored = this.#byKey.get(key);
    if (!this.#sweeper.take(recordPath(this.#records, key))) return undefined;
    return digestsOf(stored);
  }

  #stateOf({ chain, epoch }: { chain: string; epoch: number }): Digest {
    const stored = this.#byChain.get(chain);
    const record = stored?.epochs.find((each) => each.epoch === epoch);
    if (record === undefined) throw new Error(`epoch ${epoch} of ${chain} is in no inventory`);
    return record.state;
  }

  /** Returns the bytes freed; undefined when nothing was removed. */
  async #removeObjects(name: string, hexes: readonly string[]): Promise<number | undefined> {
    const { objects, stored } = this.#store(name);
    let freed: number | undefined;
    for (const hex of hexes) {
      if (this.#pace.due()) await this.#pace.rest();
      const room = stored.get(hex)?.room;
      if (room === undefined || !this.#sweeper.take(objects.pathOf(hex))) continue;
      freed = (freed ?? 0) + room;
    }
    this.#bytes -= freed ?? 0;
    return freed;
  }

  async #markRecord(stored: StoredRecord): Promise<void> {
    const { references } = this.#store(RESULTS);
    for (const digest of digestsOf(stored)) await finish(references.add(digest));
  }

  #store(name: string): Store {
    const store = this.#stores.get(name);
    if (store === undefined) throw new Error(`no objects of chain ${name}`);
    return store;
  }
}

function storeOf(objects: Objects, stored: ReadonlyMap<string, StoredObject>): Store {
  return { objects, stored, references: new References(objects, stored) };
}

/** What a record keeps: its outs, and the listings of its deps, which `why` compares. */
function digestsOf(stored: StoredRecord | undefined): Digest[] {
  const record = stored?.record;
  if (record === undefined) return [];
  const deps = Object.values(record.manifest.deps).filter(
    (digest): digest is Digest => digest !== null && kindOf(digest) === 'directory',
  );
  return [...record.outs.map((out) => out.digest), ...deps];
}
