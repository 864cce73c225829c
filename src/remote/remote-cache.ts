/**
 * The remote cache of a run: fetches results and epochs before they would be computed, and sends
 * computed ones. It never changes the outcome of a run: if a result is missing there or fails a
 * check, the run computes it.
 */
import type { RunRecord } from '../cache/records/record.js';
import { limitOf, WIDTH } from './concurrency.js';
import { RemoteEpochs, type WantedChain } from './remote-epochs.js';
import { RemoteResults, type Wanted } from './remote-results.js';
import { type RemoteOptions, Session } from './session.js';

/** How many results and chains are sent at the same time: each waits for at least three answers. */
const SENT_AT_ONCE = 32;

export class RemoteCache {
  readonly results: RemoteResults;
  readonly epochs: RemoteEpochs;
  readonly #session: Session;
  readonly #sending: Promise<unknown>[] = [];
  readonly #some = limitOf(SENT_AT_ONCE);
  readonly #early = limitOf(WIDTH);

  constructor(options: RemoteOptions) {
    this.#session = new Session(options);
    this.results = new RemoteResults(this.#session);
    this.epochs = new RemoteEpochs(this.#session);
  }

  /** True after an error that ended its use in this run. A warning has said why. */
  get isOff(): boolean {
    return this.#session.isOff;
  }

  /**
   * Requests the records of all keys that the run may need, concurrently. Waits for the first
   * answer, so that a cache that rejects reads ends the run before anything starts.
   *
   * @throws UserError when it rejects reads
   */
  async lookAhead(keys: readonly string[]): Promise<void> {
    const [first, ...rest] = new Set(keys.map((key) => `ac/${key}`));
    if (first === undefined) return;
    await this.#session.reading(() => this.#session.ask(first));
    for (const name of rest) {
      // After an error, the item that needs the answer repeats the request and reports the error.
      this.#early(async () => {
        if (!this.#session.isOff && !this.#session.hasAsked(name)) await this.#session.ask(name);
      }).catch(() => undefined);
    }
  }

  /**
   * Fetches the record of a key with all objects of its outs. False if it is missing or incomplete.
   * `chain`: also fetches its epochs, without states, for curves and metrics.
   */
  takeResult(wanted: Wanted, files: RunRecord['files'], chain?: WantedChain): Promise<boolean> {
    return this.results.take(wanted, files, async () => {
      if (chain !== undefined) await this.epochs.take(chain, () => 0);
    });
  }

  /** Sends a result in the background. */
  offerResult(record: RunRecord): void {
    this.#enqueue(() => this.results.send(record));
  }

  /** Call after an epoch was stored: sends it now, or with a later one. */
  offerEpoch(wanted: WantedChain): void {
    if (this.epochs.isDue(wanted)) this.offerChain(wanted);
  }

  /** Sends all epochs of a chain in the background. */
  offerChain(wanted: WantedChain): void {
    this.#enqueue(() => this.epochs.send(wanted));
  }

  /** Waits for everything offered. */
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
    // `settle` reports the error.
    sending.catch(() => undefined);
  }
}
