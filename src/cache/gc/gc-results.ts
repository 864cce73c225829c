/** Gc of results and epochs, by reference counts. */
import { finish, Yielder } from '../files/yielding.js';
import { type Digest, kindOf } from '../objects/digest.js';
import { Objects } from '../objects/objects.js';
import type { Sweeper } from '../objects/sweeper.js';
import { Chains } from '../records/epoch-chains.js';
import { recordPath } from '../records/records.js';
import type { CacheContext } from './cache-context.js';
import { type EvictionCandidate, evictionCandidates, type Needed } from './eviction.js';
import type { GcLedger, Removed } from './gc-ledger.js';
import {
  bytesOf,
  type Inventory,
  type StoredChain,
  type StoredObject,
  type StoredRecord,
} from './inventory.js';
import { References } from './reference-counts.js';

/** The object store of all results, or of one chain. */
interface Store {
  readonly objects: Objects;
  readonly stored: ReadonlyMap<string, StoredObject>;
  readonly references: References;
}

/** Name of the store of results; a chain's store has the chain's name. */
const RESULTS = '';

export class GcResults {
  readonly #records: string;
  readonly #inventory: Inventory;
  readonly #needed: Needed;
  readonly #sweeper: Sweeper;
  readonly #ledger: GcLedger;
  readonly #stores: ReadonlyMap<string, Store>;
  readonly #byKey: ReadonlyMap<string, StoredRecord>;
  readonly #byChain: ReadonlyMap<string, StoredChain>;
  readonly #pace = new Yielder();

  constructor(
    { layout, scratch, warn }: CacheContext,
    inventory: Inventory,
    needed: Needed,
    sweeper: Sweeper,
    ledger: GcLedger,
  ) {
    this.#records = layout.records;
    this.#inventory = inventory;
    this.#needed = needed;
    this.#sweeper = sweeper;
    this.#ledger = ledger;
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
    for (const { stored } of this.#stores.values()) ledger.found(bytesOf(stored));
  }

  /** Counts all references. Returns the bytes of everything needed. */
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

  /** Removes invalid records, such as those left by a crash of the machine. */
  removeInvalid(): void {
    for (const { key, record } of this.#inventory.records) {
      if (record !== undefined || !this.#sweeper.take(recordPath(this.#records, key))) continue;
      this.#ledger.note({ kind: 'damaged', key, bytes: 0, reason: 'the record is invalid' });
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
      this.#ledger.note({ kind: 'garbage', ...chain, bytes, reason: 'nothing refers to it' });
    }
  }

  /** Removes what was stored before `oldest` (milliseconds since 1970), then what exceeds `maxSize`. */
  async removeResults(oldest: number, maxSize: number): Promise<void> {
    const candidates = evictionCandidates(this.#inventory, this.#needed);
    for (const candidate of candidates) {
      if (candidate.stored < oldest) await this.#removeResult(candidate, 'too old');
    }
    for (const candidate of candidates) {
      if (this.#ledger.bytes <= maxSize) return;
      if (candidate.stored >= oldest) await this.#removeResult(candidate, 'over the size limit');
    }
  }

  async #removeResult(candidate: EvictionCandidate, reason: Removed['reason']): Promise<void> {
    const { kind, item, seconds } = candidate;
    if (this.#sweeper.isTooNew(candidate.stored)) {
      this.#ledger.noteTooNew();
      return;
    }
    const digests = kind === 'result' ? this.#unrecord(candidate.key) : [this.#stateOf(candidate)];
    if (digests === undefined) return;
    const name = kind === 'result' ? RESULTS : candidate.chain;
    const { references } = this.#store(name);
    const freed = digests.flatMap((digest) => references.remove(digest));
    const removed = await this.#removeObjects(name, freed);
    // A state that another process began to use, or that another epoch shares, still exists.
    if (kind === 'state' && removed === undefined) return;
    const bytes = removed ?? 0;
    const which =
      kind === 'result'
        ? { key: candidate.key }
        : { chain: candidate.chain, epoch: candidate.epoch };
    this.#ledger.note({ kind, item, ...which, bytes, seconds, reason });
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
    this.#ledger.freed(freed ?? 0);
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

/** What a record keeps in the cache: its outs, and the listings of its deps, which `why` compares. */
function digestsOf(stored: StoredRecord | undefined): Digest[] {
  const record = stored?.record;
  if (record === undefined) return [];
  const deps = Object.values(record.manifest.deps).filter(
    (digest): digest is Digest => digest !== null && kindOf(digest) === 'directory',
  );
  return [...record.outs.map((out) => out.digest), ...deps];
}
