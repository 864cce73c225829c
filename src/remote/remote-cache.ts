/**
 * The remote cache of a run: takes results and epochs from it before they are computed, and sends what
 * was computed. Nothing that it says or fails to say changes the outcome of a run: what is not there, or
 * is not believed, is computed.
 */
import type { Cache } from '../cache/cache.js';
import { DamagedObject } from '../cache/cache.js';
import { OBJECT_MODE, PRIVATE_MODE } from '../cache/objects/access.js';
import type { Objects } from '../cache/objects/objects.js';
import type { EpochRecord, RunRecord } from '../cache/records/record.js';
import { userError } from '../error.js';
import type { Manifest } from '../manifest.js';
import { Ending, type Interruption } from './ending.js';
import { Trust } from './envelope.js';
import { BadObject, bringObjects, type ObjectTarget } from './objects-in.js';
import { sendObjects } from './objects-out.js';
import { openStore } from './open-store.js';
import { limitOf } from './parallel.js';
import type { RemoteConfig } from './remote-config.js';
import {
  chainIn,
  madeHere,
  type Pack,
  type RemoteChain,
  type RemoteResult,
  resultIn,
  union,
  withoutValues,
} from './remote-record.js';
import { type Store, StoreError } from './store.js';

export interface RemoteOptions {
  readonly config: RemoteConfig;
  readonly cache: Cache;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Version of pipe. */
  readonly version: string;
  /** What we read ends at once at `stop`. What we send has some more seconds, unless `kill` ends it. */
  readonly interruption: Interruption;
  readonly warn: (message: string, item?: string) => void;
}

/** What an item's result depends on, with its names for messages. */
export interface Wanted {
  readonly item: string;
  readonly key: string;
  readonly manifest: Manifest;
}

export interface WantedChain {
  readonly item: string;
  readonly chain: string;
  /** That names the chain. */
  readonly manifest: Manifest;
}

const RECORD_LIMIT = 2 ** 28;

/** Milliseconds for which an answer that nothing is there counts. */
const ABSENT_FOR = 10_000;

/** Milliseconds between two newest checkpoints that are sent. */
const STATE_EVERY = 10 * 60_000;

/** Results and chains that are sent at once: each has objects, which go in parallel too. */
const SENT_AT_ONCE = 8;

/** Requests at once for records. */
const WIDTH = 32;

type Answer = { readonly bytes: Buffer | undefined; readonly at: number };

export class RemoteCache {
  readonly #options: RemoteOptions;
  readonly #store: Store;
  readonly #trust: Trust;
  readonly #ending: Ending;
  /** Answers that were asked for in advance, by name. */
  readonly #answers = new Map<string, Promise<Answer>>();
  readonly #bad = new Set<string>();
  /** Keys with objects that are missing or damaged there: they are sent again, and the record with them. */
  readonly #broken = new Set<string>();
  readonly #sent = new Map<string, number>();
  readonly #told = new Set<string>();
  readonly #sending: Promise<unknown>[] = [];
  /** Results and chains sent at once. */
  readonly #some = limitOf(SENT_AT_ONCE);
  readonly #early = limitOf(WIDTH);
  #isOff = false;
  #isReadOnly: boolean;

  constructor(options: RemoteOptions) {
    const { config, env, interruption } = options;
    this.#options = options;
    this.#ending = new Ending(interruption);
    this.#trust = new Trust(config.trust, env.PIPE_REMOTE_SIGNING_KEY);
    this.#store = openStore(config, env, this.#ending.signal);
    this.#isReadOnly = config.mode === 'r';
  }

  get url(): string {
    return this.#options.config.url;
  }

  /**
   * Asks for the records of keys that the run may need, all at once. Waits for the first answer, so that
   * a cache that lets nobody read ends the run before anything starts.
   *
   * @throws UserError when it does not let us read
   */
  async lookAhead(keys: readonly string[]): Promise<void> {
    const [first, ...rest] = new Set(keys);
    if (first === undefined) return;
    await this.#reading(() => this.#ask(`ac/${first}`));
    if (this.#isOff) return;
    for (const key of rest) this.expect(key);
  }

  /** The record of a key, without its objects. */
  async findResult({ item, key, manifest }: Wanted): Promise<RunRecord | undefined> {
    const found = await this.#reading(() => this.#result({ item, key, manifest }));
    if (found === undefined) return undefined;
    const { outs, seconds } = found;
    return { format: 1, key, item, manifest, files: {}, outs, seconds };
  }

  /** Brings the record of a key with all objects of its outs. False when it is not there whole. */
  async takeResult(wanted: Wanted, files: RunRecord['files']): Promise<boolean> {
    const found = await this.#reading(() => this.#result(wanted));
    if (found === undefined) return false;
    const { key, manifest, item } = wanted;
    const { outs, seconds, packs } = found;
    const { cache } = this.#options;
    const isPrivate = outs.some(({ permissions }) => permissions !== undefined);
    const isHere = await this.#bringing(item, async () => {
      const target = this.#target(cache.objects(), isPrivate);
      for (const { digest, size } of outs)
        await bringObjects(digest, size, { store: this.#store, packs }, target);
    });
    if (!isHere) {
      this.#broken.add(key);
      return false;
    }
    await cache.writeRecord({ format: 1, key, item, manifest, files, outs, seconds });
    return true;
  }

  /** What comes belongs to outs whose files may not be for everybody: then neither are the objects. */
  #target(objects: Objects, isPrivate: boolean): ObjectTarget {
    const mode = isPrivate ? PRIVATE_MODE : OBJECT_MODE;
    return { objects, draft: () => this.#options.cache.draft(), mode };
  }

  /** Asks for the record of a key that the run is about to need. */
  expect(key: string): void {
    if (this.#isOff || this.#answers.has(`ac/${key}`)) return;
    // The item that needs the answer asks again after an error, and reports it.
    this.#early(async () => {
      if (!this.#isOff) await this.#ask(`ac/${key}`);
    }).catch(() => undefined);
  }

  /** Sends a result in the background. */
  offerResult(record: RunRecord): void {
    this.#enqueue(() => this.sendResult(record));
  }

  /** Sends a result: its objects, then its record. True when the remote cache now has it. */
  async sendResult(record: RunRecord): Promise<boolean> {
    const { key, item, manifest } = record;
    const sent = await this.#writing(async () => {
      const theirs = await this.#result({ key, item, manifest }, true);
      const isBroken = this.#broken.has(key);
      if (theirs !== undefined && !isBroken) return this.#isSame(theirs, record);
      const digests = record.outs.map(({ digest }) => digest);
      const sending = { store: this.#store, bad: this.#bad };
      const packs = await sendObjects(digests, this.#options.cache.objects(), sending);
      return this.#putRecord(record, packs, isBroken);
    });
    return sent ?? false;
  }

  /**
   * Brings all epochs of a chain, and the newest checkpoint up to the target that is newer than ours.
   * `targetOf`: the epoch that the outs are of, once these epochs are known.
   */
  async takeEpochs(
    wanted: WantedChain,
    targetOf: (records: readonly EpochRecord[]) => number,
  ): Promise<void> {
    const head = await this.#reading(() => this.#head(wanted));
    if (head === undefined) return;
    const { cache } = this.#options;
    const { chain, item } = wanted;
    const ours = new Map(cache.chains.readEpochs(chain).map((record) => [record.epoch, record]));
    for (const record of head.epochs) {
      if (!ours.has(record.epoch)) await cache.chains.adoptEpoch(record);
    }
    const records = cache.chains.readEpochs(chain);
    const target = targetOf(records);
    const usable = records.filter(
      (record) => record.epoch <= target && cache.chains.hasState(record),
    );
    const newest = Math.max(0, ...usable.map(({ epoch }) => epoch));
    const states = head.states
      .filter(({ epoch }) => epoch <= target && epoch > newest)
      .sort((a, b) => b.epoch - a.epoch);
    const objects = cache.objects(chain);
    for (const { epoch, state, packs } of states) {
      const record = records.find((each) => each.epoch === epoch);
      if (record?.state !== state) continue;
      const source = { store: this.#store, packs };
      const into = this.#target(objects, record.permissions !== undefined);
      if (await this.#bringing(item, () => bringObjects(state, record.size, source, into))) return;
      this.#broken.add(state);
    }
  }

  /** An epoch was stored: sends it now when all states travel, or when the last one is long ago. */
  offerEpoch(wanted: WantedChain): void {
    const { states = 'last' } = this.#options.config;
    const last = this.#sent.get(wanted.chain);
    const now = performance.now();
    if (last === undefined) this.#sent.set(wanted.chain, now);
    const isDue = last !== undefined && now - last > STATE_EVERY;
    if (states === 'keep' || (states === 'last' && isDue)) this.offerChain(wanted);
  }

  /** Sends all epochs of a chain, with the checkpoints that travel, in the background. */
  offerChain(wanted: WantedChain): void {
    this.#sent.set(wanted.chain, performance.now());
    this.#enqueue(() => this.sendChain(wanted));
  }

  async sendChain(wanted: WantedChain): Promise<boolean> {
    const sent = await this.#writing(async () => {
      const name = `ac/${wanted.chain}`;
      const ours = await this.#ownHead(wanted, await this.#head(wanted));
      await this.#store.update(name, RECORD_LIMIT, (before) => {
        const theirs = before === undefined ? undefined : this.#headIn(before, wanted);
        if (theirs !== undefined && includes(theirs, ours)) return undefined;
        const head = theirs === undefined ? ours : union(theirs, ours);
        return this.#trust.seal(JSON.stringify({ ...head, made: ours.made }));
      });
      this.#bad.delete(name);
      return true;
    });
    return sent ?? false;
  }

  /** Waits for what was offered. */
  async settle(): Promise<void> {
    for (let sending = this.#sending.shift(); sending; sending = this.#sending.shift())
      await sending;
  }

  close(): void {
    this.#ending.close();
    this.#store.close();
  }

  /** The newest checkpoint, or all that are here, as `states` says; those of the other head stay. */
  async #ownHead(
    { chain, item, manifest }: WantedChain,
    theirs: RemoteChain | undefined,
  ): Promise<RemoteChain> {
    const { cache, config } = this.#options;
    const epochs = cache.chains.readEpochs(chain);
    const { states: which = 'last' } = config;
    const here = which === 'none' ? [] : epochs.filter((record) => cache.chains.hasState(record));
    const travelling = which === 'keep' ? here : here.slice(-1);
    const states: RemoteChain['states'][number][] = [];
    const sending = { store: this.#store, bad: this.#bad };
    for (const { epoch, state } of travelling) {
      const there = theirs?.states.find((each) => each.epoch === epoch && each.state === state);
      if (there !== undefined && !this.#broken.has(state)) continue;
      const packs = await sendObjects([state], cache.objects(chain), sending);
      states.push({ epoch, state, packs });
      this.#broken.delete(state);
    }
    const made = madeHere(this.#options.version);
    return { format: 1, chain, item, manifest: withoutValues(manifest), epochs, states, made };
  }

  async #putRecord(record: RunRecord, packs: readonly Pack[], isBroken: boolean): Promise<boolean> {
    const { key, item, manifest, outs, seconds } = record;
    const made = madeHere(this.#options.version);
    const body: RemoteResult = {
      format: 1,
      key,
      item,
      manifest: withoutValues(manifest),
      outs,
      seconds,
      made,
      packs,
    };
    const name = `ac/${key}`;
    const bytes = this.#trust.seal(JSON.stringify(body));
    const mustReplace = isBroken || this.#bad.has(name);
    const isWritten = await this.#store.put(name, bytes, !mustReplace);
    if (isWritten) {
      this.#bad.delete(name);
      this.#broken.delete(key);
      return true;
    }
    const theirs = await this.#result({ key, item, manifest }, true);
    if (theirs !== undefined) return this.#isSame(theirs, record);
    // What was there is gone again, or is not believed.
    return await this.#store.put(name, bytes, false);
  }

  /** Warns of a result with other bytes under the same key: the first one stays. */
  #isSame({ outs, made }: RemoteResult, record: RunRecord): boolean {
    const differing = record.outs.find(
      ({ name, digest }) => outs.find((out) => out.name === name)?.digest !== digest,
    );
    if (differing === undefined) return true;
    const here = madeHere(this.#options.version);
    this.#tellOnce(
      `${record.item}: the remote cache has another result for the same key, which stays: out ${differing.name} is ${outs.find((out) => out.name === differing.name)?.digest.slice(0, 14)} there (made on ${shown(made)}) and ${differing.digest.slice(0, 14)} here (${shown(here)}): the stage is not deterministic`,
      record.item,
    );
    return false;
  }

  async #result({ key, item, manifest }: Wanted, again = false): Promise<RemoteResult | undefined> {
    return this.#believed(`ac/${key}`, item, again, (body) => resultIn(body, key, manifest));
  }

  async #head({ chain, item, manifest }: WantedChain): Promise<RemoteChain | undefined> {
    return this.#believed(`ac/${chain}`, item, true, (body) => chainIn(body, chain, manifest));
  }

  /** Undefined for a head that is not believed: ours replaces it. */
  #headIn(bytes: Buffer, { chain, item, manifest }: WantedChain): RemoteChain | undefined {
    return this.#judged(`ac/${chain}`, bytes, item, (body) => chainIn(body, chain, manifest));
  }

  /** What is stored at a name, if it is whole, signed as it must be, and what we asked for. */
  async #believed<T extends object>(
    name: string,
    item: string,
    again: boolean,
    read: (body: string) => T | { readonly refused: string },
  ): Promise<T | undefined> {
    if (again) this.#answers.delete(name);
    const { bytes } = await this.#ask(name);
    return bytes && this.#judged(name, bytes, item, read);
  }

  #judged<T extends object>(
    name: string,
    bytes: Buffer,
    item: string,
    read: (body: string) => T | { readonly refused: string },
  ): T | undefined {
    const opened = this.#trust.open(bytes);
    const found = 'body' in opened ? read(opened.body) : opened;
    if (!('refused' in found)) return found;
    this.#notBelieved(name, found.refused, item);
    return undefined;
  }

  /** An answer asked for in advance counts; that nothing is there, only for a while. */
  async #ask(name: string): Promise<Answer> {
    const early = this.#answers.get(name);
    if (early !== undefined) {
      const answer = await early;
      if (answer.bytes !== undefined || performance.now() - answer.at < ABSENT_FOR) return answer;
    }
    const asked = this.#store
      .get(name, RECORD_LIMIT)
      .then((bytes) => ({ bytes, at: performance.now() }));
    this.#answers.set(name, asked);
    return asked;
  }

  #notBelieved(name: string, why: string, item: string): void {
    this.#bad.add(name);
    this.#tellOnce(`${name} of the remote cache ${why}: it counts as absent`, item);
  }

  /** False when an object is missing or damaged there, or the cache is off. */
  async #bringing(item: string, bring: () => Promise<void>): Promise<boolean> {
    const brought = await this.#reading(async () => {
      try {
        await bring();
        return true;
      } catch (error) {
        if (!(error instanceof BadObject) && !(error instanceof DamagedObject)) throw error;
        if (error instanceof BadObject) this.#bad.add(error.at);
        this.#tellOnce(`${error.message} in the remote cache: the result counts as absent`, item);
        return false;
      }
    });
    return brought ?? false;
  }

  /** @throws UserError when the cache does not let us read */
  async #reading<T>(read: () => Promise<T>): Promise<T | undefined> {
    if (this.#isOff) return undefined;
    try {
      return await this.#ending.unlessStopped(read());
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (error.kind === 'refused')
        throw userError(
          'remote-refused',
          `the remote cache ${this.url} does not let us read: ${error.message}`,
          'check the credentials (`pipe remote` tests them), or run with --remote off',
        );
      this.#turnOff(error);
      return undefined;
    }
  }

  async #writing<T>(write: () => Promise<T>): Promise<T | undefined> {
    if (this.#isOff || this.#isReadOnly) return undefined;
    if (!this.#trust.canSign) {
      this.#readOnly(
        'PIPE_REMOTE_SIGNING_KEY holds no key of remote.trust, so no reader would believe it',
      );
      return undefined;
    }
    try {
      return await write();
    } catch (error) {
      // gc or `keep` removed it meanwhile: what is newer is sent later.
      if (error instanceof DamagedObject) return undefined;
      if (!(error instanceof StoreError)) throw error;
      if (error.kind === 'unreachable') this.#turnOff(error);
      else this.#readOnly(error.message);
      return undefined;
    }
  }

  #readOnly(why: string): void {
    this.#isReadOnly = true;
    this.#tellOnce(`nothing more is sent to the remote cache ${this.url} in this run: ${why}`);
  }

  #turnOff({ message }: StoreError): void {
    if (this.#isOff || this.#ending.signal.aborted) return;
    this.#isOff = true;
    this.#tellOnce(`the remote cache ${this.url} is not used for the rest of this run: ${message}`);
  }

  /** Beside the items that run. */
  #enqueue(send: () => Promise<unknown>): void {
    const sending = this.#some(send);
    this.#sending.push(sending);
    // `settle` reports it.
    sending.catch(() => undefined);
  }

  #tellOnce(message: string, item?: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#options.warn(message, item);
  }
}

function includes(theirs: RemoteChain, ours: RemoteChain): boolean {
  const has = (epochs: readonly EpochRecord[]) => new Set(epochs.map(({ epoch }) => epoch));
  const known = has(theirs.epochs);
  return (
    ours.epochs.every(({ epoch }) => known.has(epoch)) &&
    ours.states.every(({ epoch, state }) =>
      theirs.states.some((each) => each.epoch === epoch && each.state === state),
    )
  );
}

function shown({ machine, platform, node, pipe, at }: RemoteResult['made']): string {
  return `${machine}, ${platform}, Node ${node}, pipe ${pipe}, ${at.slice(0, 10)}`;
}
