/** Gc of results and epochs, by reference counts. */
import { finish, Yielder } from '../files/yielding.js';
import { type Digest, kindOf } from '../objects/digest.js';
import type { Sweeper } from '../objects/sweeper.js';
import type { RunRecord } from '../records/record.js';
import { recordPath } from '../records/records.js';
import { type EvictionCandidate, evictionCandidates, type Needed } from './eviction.js';
import type { GcLedger, Removed } from './gc-ledger.js';
import { bytesOf, type Inventory, type ObjectStore, type StoredRecord } from './inventory.js';
import { References } from './reference-counts.js';

type Counted = ObjectStore & { readonly references: References };

/** Name of the store of results; a chain's store has the chain's name. */
const RESULTS = '';

export class GcResults {
  readonly #records: string;
  readonly #inventory: Inventory;
  readonly #needed: Needed;
  readonly #sweeper: Sweeper;
  readonly #ledger: GcLedger;
  readonly #stores: ReadonlyMap<string, Counted>;
  readonly #pace = new Yielder();

  constructor(
    records: string,
    inventory: Inventory,
    needed: Needed,
    sweeper: Sweeper,
    ledger: GcLedger,
  ) {
    this.#records = records;
    this.#inventory = inventory;
    this.#needed = needed;
    this.#sweeper = sweeper;
    this.#ledger = ledger;
    const counted = (store: ObjectStore): Counted => ({
      ...store,
      references: new References(store),
    });
    this.#stores = new Map([
      [RESULTS, counted(inventory.results)],
      ...inventory.chains.map((each) => [each.chain, counted(each)] as const),
    ]);
    for (const store of this.#stores.values()) ledger.found(bytesOf(store));
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
      const { chain } = candidate.record;
      optional.set(chain, (optional.get(chain) ?? 0) + candidate.bytes);
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
    // The record goes before its objects, so that no record refers to missing objects.
    if (kind === 'result' && !this.#sweeper.take(recordPath(this.#records, candidate.record.key)))
      return;
    const digests = kind === 'result' ? digestsOf(candidate.record) : [candidate.record.state];
    const name = kind === 'result' ? RESULTS : candidate.record.chain;
    const { references } = this.#store(name);
    const freed = digests.flatMap((digest) => references.remove(digest));
    const removed = await this.#removeObjects(name, freed);
    // A state that another process began to use, or that another epoch shares, still exists.
    if (kind === 'state' && removed === undefined) return;
    const bytes = removed ?? 0;
    const which =
      kind === 'result'
        ? { key: candidate.record.key }
        : { chain: candidate.record.chain, epoch: candidate.record.epoch };
    this.#ledger.note({ kind, item, ...which, bytes, seconds, reason });
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

  async #markRecord({ record }: StoredRecord): Promise<void> {
    const { references } = this.#store(RESULTS);
    const digests = record === undefined ? [] : digestsOf(record);
    for (const digest of digests) await finish(references.add(digest));
  }

  #store(name: string): Counted {
    const store = this.#stores.get(name);
    if (store === undefined) throw new Error(`no objects of chain ${name}`);
    return store;
  }
}

/** What a record keeps in the cache: its outs, and the listings of its deps, which `why` compares. */
function digestsOf(record: RunRecord): Digest[] {
  const deps = Object.values(record.manifest.deps).filter(
    (digest): digest is Digest => digest !== null && kindOf(digest) === 'directory',
  );
  return [...record.outs.map((out) => out.digest), ...deps];
}
