/**
 * The remote cache of a run: takes results and epochs from it before they are computed, and sends what
 * was computed. It never changes the outcome of a run: a result that it lacks, or that fails a check, is
 * computed.
 */
import type { EpochRecord, RunRecord } from '../cache/records/record.js';
import { limitOf, WIDTH } from './concurrency.js';
import { RemoteEpochs, type WantedChain } from './remote-epochs.js';
import { RemoteResults, type Wanted } from './remote-results.js';
import { type RemoteOptions, Session } from './session.js';

/** Results and chains that are sent at once: each waits for at least three answers. */
const SENT_AT_ONCE = 32;

export class RemoteCache {
  readonly #session: Session;
  readonly #results: RemoteResults;
  readonly #epochs: RemoteEpochs;
  readonly #sending: Promise<unknown>[] = [];
  readonly #some = limitOf(SENT_AT_ONCE);
  readonly #early = limitOf(WIDTH);

  constructor(options: RemoteOptions) {
    this.#session = new Session(options);
    this.#results = new RemoteResults(this.#session);
    this.#epochs = new RemoteEpochs(this.#session);
  }

  /**
   * Asks for the records of keys that the run may need, all at once. Waits for the first answer, so that
   * a cache that refuses reads ends the run before anything starts.
   *
   * @throws UserError when it refuses reads
   */
  async lookAhead(keys: readonly string[]): Promise<void> {
    const [first, ...rest] = new Set(keys.map((key) => `ac/${key}`));
    if (first === undefined) return;
    await this.#session.reading(() => this.#session.ask(first));
    for (const name of rest) {
      // The item that needs the answer asks again after an error, and reports it.
      this.#early(async () => {
        if (!this.#session.isOff && !this.#session.hasAsked(name)) await this.#session.ask(name);
      }).catch(() => undefined);
    }
  }

  /** The record of a key, without its objects. */
  findResult(wanted: Wanted): Promise<RunRecord | undefined> {
    return this.#results.find(wanted);
  }

  /** Brings a result that the run is about to take. */
  expect(wanted: Wanted): void {
    this.#results.expect(wanted);
  }

  /**
   * Brings the record of a key with all objects of its outs. False when it is not there whole.
   * `chain`: its epochs come along, without states, for the curves and metrics.
   */
  takeResult(wanted: Wanted, files: RunRecord['files'], chain?: WantedChain): Promise<boolean> {
    return this.#results.take(wanted, files, async () => {
      if (chain !== undefined) await this.#epochs.take(chain, () => 0);
    });
  }

  /** Sends a result in the background. */
  offerResult(record: RunRecord): void {
    this.#enqueue(() => this.sendResult(record));
  }

  /** True when the remote cache now has the result. */
  sendResult(record: RunRecord): Promise<boolean> {
    return this.#results.send(record);
  }

  /** Brings all epochs of a chain, and the newest state up to the target. */
  takeEpochs(
    wanted: WantedChain,
    targetOf: (records: readonly EpochRecord[]) => number,
  ): Promise<void> {
    return this.#epochs.take(wanted, targetOf);
  }

  /** An epoch was stored: sends it now, or with a later one. */
  offerEpoch(wanted: WantedChain): void {
    if (this.#epochs.isDue(wanted)) this.offerChain(wanted);
  }

  /** Sends all epochs of a chain in the background. */
  offerChain(wanted: WantedChain): void {
    this.#enqueue(() => this.sendChain(wanted));
  }

  /** True when the remote cache now has all epochs of the chain. */
  sendChain(wanted: WantedChain): Promise<boolean> {
    return this.#epochs.send(wanted);
  }

  /** Waits for what was offered. */
  async settle(): Promise<void> {
    for (let sending = this.#sending.shift(); sending; sending = this.#sending.shift())
      await sending;
  }

  close(): void {
    this.#session.close();
  }

  /** Sends in parallel with the items that run. */
  #enqueue(send: () => Promise<unknown>): void {
    const sending = this.#some(send);
    this.#sending.push(sending);
    // `settle` reports it.
    sending.catch(() => undefined);
  }
}
