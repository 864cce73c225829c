/** Epochs in a remote cache: the head of a chain lists all epochs, and the states that are stored there. */
import type { EpochRecord } from '../cache/records/record.js';
import type { Manifest } from '../manifest.js';
import { chainIn, madeHere, type RemoteChain, union, withoutValues } from './remote-record.js';
import { RECORD_LIMIT, type Session } from './session.js';

export interface WantedChain {
  readonly item: string;
  readonly chain: string;
  /** The manifest whose hash is the chain's name. */
  readonly manifest: Manifest;
}

/** Milliseconds between two checkpoints that are sent. */
const STATE_EVERY = 10 * 60_000;

export class RemoteEpochs {
  readonly #session: Session;
  /** States with missing or damaged objects in the remote cache. */
  readonly #broken = new Set<string>();
  /** When each chain was sent, or first offered. */
  readonly #sent = new Map<string, number>();

  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * Fetches all epochs of a chain, and the newest checkpoint up to the target, if it is newer than
   * ours. `targetOf`: the epoch of the outs, once these epochs are known.
   */
  async take(
    wanted: WantedChain,
    targetOf: (records: readonly EpochRecord[]) => number,
  ): Promise<void> {
    const head = await this.#session.reading(() => this.#head(wanted));
    if (head === undefined) return;
    const { cache } = this.#session.options;
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
    for (const { epoch, state, packs } of states) {
      const record = records.find((each) => each.epoch === epoch);
      if (record?.state !== state) continue;
      const wantedState = [{ digest: state, size: record.size }];
      const into = { objects: cache.objects(chain), isPrivate: record.permissions !== undefined };
      const isHere = await this.#session.reading(() =>
        this.#session.bring(item, wantedState, packs, into),
      );
      if (isHere === true) return;
      this.#broken.add(state);
    }
  }

  /**
   * True if an epoch that was just stored must be sent now: all states are sent, or the last was
   * sent long ago.
   */
  isDue({ chain }: WantedChain): boolean {
    const { states = 'last' } = this.#session.options.config;
    const last = this.#sent.get(chain);
    const now = performance.now();
    if (last === undefined) this.#sent.set(chain, now);
    const isLongAgo = last !== undefined && now - last > STATE_EVERY;
    const isNow = states === 'keep' || (states === 'last' && isLongAgo);
    if (isNow) this.#sent.set(chain, now);
    return isNow;
  }

  /**
   * Sends all epochs of a chain, with the checkpoints that `states` selects. True if the remote
   * cache has them.
   */
  async send(wanted: WantedChain): Promise<boolean> {
    const { store, trust, bad } = this.#session;
    const sent = await this.#session.writing(async () => {
      const name = `ac/${wanted.chain}`;
      const ours = await this.#ownHead(wanted, await this.#head(wanted));
      await store.update(name, RECORD_LIMIT, (before) => {
        // Ours replaces a head that is rejected.
        const theirs = before && this.#session.judged(name, before, wanted.item, readerOf(wanted));
        if (theirs !== undefined && includes(theirs, ours)) return undefined;
        const head = theirs === undefined ? ours : union(theirs, ours);
        return trust.seal(JSON.stringify({ ...head, made: ours.made }));
      });
      bad.delete(name);
      return true;
    });
    return sent ?? false;
  }

  /**
   * The head to send: with the newest checkpoint, or with all stored here, as `states` says. The
   * checkpoints of the remote head are kept.
   */
  async #ownHead(
    { chain, item, manifest }: WantedChain,
    theirs: RemoteChain | undefined,
  ): Promise<RemoteChain> {
    const { cache, config, version } = this.#session.options;
    const epochs = cache.chains.readEpochs(chain);
    const { states: which = 'last' } = config;
    const here = which === 'none' ? [] : epochs.filter((record) => cache.chains.hasState(record));
    const travelling = which === 'keep' ? here : here.slice(-1);
    const states: RemoteChain['states'][number][] = [];
    for (const { epoch, state } of travelling) {
      const there = theirs?.states.find((each) => each.epoch === epoch && each.state === state);
      if (there !== undefined && !this.#broken.has(state)) continue;
      const packs = await this.#session.send([{ digest: state }], cache.objects(chain));
      states.push({ epoch, state, packs });
      this.#broken.delete(state);
    }
    const made = madeHere(version);
    return { format: 1, chain, item, manifest: withoutValues(manifest), epochs, states, made };
  }

  #head(wanted: WantedChain): Promise<RemoteChain | undefined> {
    return this.#session.accepted(`ac/${wanted.chain}`, wanted.item, readerOf(wanted), true);
  }
}

function readerOf({ chain, manifest }: WantedChain) {
  return (body: string) => chainIn(body, chain, manifest);
}

function includes(theirs: RemoteChain, ours: RemoteChain): boolean {
  const known = new Set(theirs.epochs.map(({ epoch }) => epoch));
  return (
    ours.epochs.every(({ epoch }) => known.has(epoch)) &&
    ours.states.every(({ epoch, state }) =>
      theirs.states.some((each) => each.epoch === epoch && each.state === state),
    )
  );
}
