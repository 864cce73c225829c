/**
 * The state of a remote cache in a run: whether it is still used, what it has answered, and what is
 * missing or damaged in it. Its failures never fail the run.
 */
import { type Cache, DamagedObject } from '../cache/cache.js';
import { OBJECT_MODE, PRIVATE_MODE } from '../cache/objects/access.js';
import type { Objects } from '../cache/objects/objects.js';
import { userError } from '../error.js';
import type { Transfer } from '../event.js';
import { limitOf } from './concurrency.js';
import { BadObject, downloadObjects } from './download-objects.js';
import { Ending, type Interruption } from './ending.js';
import { Trust } from './envelope.js';
import { openStore } from './open-store.js';
import type { Env, RemoteConfig } from './remote-config.js';
import type { Pack } from './remote-record.js';
import { type Store, StoreError } from './store.js';
import { Traffic } from './traffic.js';
import { type Sent, uploadObjects } from './upload-objects.js';

export interface RemoteOptions {
  readonly config: RemoteConfig;
  readonly cache: Cache;
  readonly env: Env;
  /** Version of pipe. */
  readonly version: string;
  /** `stop` ends downloads immediately. Uploads have a few more seconds, unless `kill` ends them. */
  readonly interruption: Interruption;
  readonly warn: (message: string, item?: string) => void;
  readonly onTransfer: (event: Transfer) => void;
  /** Called when a failure ends the use of the remote cache. */
  readonly onOff: () => void;
}

export const RECORD_LIMIT = 2 ** 28;

/** Milliseconds for which the answer that a name does not exist is valid. */
const ABSENT_FOR = 10_000;

/** How many packs may be in memory, each of about 8 MiB. */
const PACKS = 8;

type Answer = { readonly bytes: Buffer | undefined; readonly at: number };

type Read<T> = (body: string) => T | { readonly refused: string };

export class Session {
  readonly options: RemoteOptions;
  readonly store: Store;
  readonly trust: Trust;
  /** Names that are missing or damaged in the remote cache: our uploads replace them. */
  readonly bad = new Set<string>();
  readonly #ending: Ending;
  readonly #traffic: Traffic;
  readonly #packing = limitOf(PACKS);
  /** Answers to requests made in advance, by name. */
  readonly #answers = new Map<string, Promise<Answer>>();
  readonly #told = new Set<string>();
  #isOff = false;
  /** Once a read has succeeded, a rejected one means that a token has expired. */
  #hasRead = false;
  #isReadOnly: boolean;

  constructor(options: RemoteOptions) {
    const { config, env, interruption } = options;
    this.options = options;
    this.#ending = new Ending(interruption);
    this.#traffic = new Traffic(options.onTransfer);
    this.trust = new Trust(config.trust, env.PIPE_REMOTE_SIGNING_KEY);
    this.store = openStore(config, env, this.#ending.signal, (direction, bytes) =>
      this.#traffic.moved(direction, bytes),
    );
    this.#isReadOnly = config.mode === 'r';
  }

  get isOff(): boolean {
    return this.#isOff;
  }

  get #url(): string {
    return this.options.config.url;
  }

  hasAsked(name: string): boolean {
    return this.#answers.has(name);
  }

  /**
   * Uses an answer requested in advance. If it says that the name does not exist, uses it only for
   * a while.
   */
  async ask(name: string): Promise<Answer> {
    const early = this.#answers.get(name);
    if (early !== undefined) {
      const answer = await early;
      if (answer.bytes !== undefined || performance.now() - answer.at < ABSENT_FOR) return answer;
    }
    const asked = this.store
      .get(name, RECORD_LIMIT)
      .then((bytes) => ({ bytes, at: performance.now() }));
    this.#answers.set(name, asked);
    return asked;
  }

  /** The record at a name, if it is complete, correctly signed, and the one that we requested. */
  async accepted<T extends object>(
    name: string,
    item: string,
    read: Read<T>,
    again: boolean,
  ): Promise<T | undefined> {
    if (again) this.#answers.delete(name);
    const { bytes } = await this.ask(name);
    return bytes && this.judged(name, bytes, item, read);
  }

  judged<T extends object>(
    name: string,
    bytes: Buffer,
    item: string,
    read: Read<T>,
  ): T | undefined {
    const opened = this.trust.open(bytes);
    const found = 'body' in opened ? read(opened.body) : opened;
    if (!('refused' in found)) return found;
    this.bad.add(name);
    this.tellOnce(`${name} of the remote cache ${found.refused}: it counts as absent`, item);
    return undefined;
  }

  /**
   * Fetches all objects of the digests. `isPrivate`: they belong to outs with restricted
   * permissions, so the objects get restricted permissions too. False if one is missing or damaged
   * in the remote cache.
   */
  async bring(
    item: string,
    wanted: readonly (Sent & { readonly size: number })[],
    packs: readonly Pack[],
    into: { readonly objects: Objects; readonly isPrivate: boolean },
  ): Promise<boolean> {
    const source = { store: this.store, packs, packing: this.#packing, traffic: this.#traffic };
    const { objects, isPrivate } = into;
    const mode = isPrivate ? PRIVATE_MODE : OBJECT_MODE;
    const target = { objects, mode, draft: () => this.options.cache.draft() };
    try {
      await downloadObjects(wanted, source, target);
      return true;
    } catch (error) {
      if (!(error instanceof BadObject) && !(error instanceof DamagedObject)) throw error;
      if (error instanceof BadObject) this.bad.add(error.at);
      this.tellOnce(`${error.message} in the remote cache: the result counts as absent`, item);
      return false;
    }
  }

  /** Returns the packs with the small objects. */
  send(sent: readonly Sent[], objects: Objects): Promise<Pack[]> {
    const { store, bad } = this;
    return uploadObjects(sent, objects, {
      store,
      bad,
      packing: this.#packing,
      traffic: this.#traffic,
    });
  }

  /**
   * Undefined if the cache is off. A later refusal also turns it off, and the run continues.
   *
   * @throws UserError when the cache rejects the first read
   */
  async reading<T>(read: () => Promise<T>): Promise<T | undefined> {
    if (this.#isOff) return undefined;
    try {
      const found = await this.#ending.unlessStopped(read());
      this.#hasRead = true;
      return found;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (error.kind === 'unreadable' && !this.#hasRead)
        throw userError(
          'remote-refused',
          `the remote cache ${this.#url} refuses reads: ${error.message}`,
          `${error.hint ?? 'check the credentials (`pipe remote` tests them)'}, or run with --remote off`,
        );
      this.#turnOff(error);
      return undefined;
    }
  }

  /** Undefined if nothing was written: the cache is off or read-only, or a local object is gone. */
  async writing<T>(write: () => Promise<T>): Promise<T | undefined> {
    if (this.#isOff || this.#isReadOnly) return undefined;
    const { unsigned } = this.trust;
    if (unsigned !== undefined) {
      this.#readOnly(unsigned);
      return undefined;
    }
    try {
      return await write();
    } catch (error) {
      // gc or `keep` removed the object meanwhile: newer states are sent later.
      if (error instanceof DamagedObject) return undefined;
      if (!(error instanceof StoreError)) throw error;
      if (error.kind === 'unwritable') this.#readOnly(withHint(error));
      else this.#turnOff(error);
      return undefined;
    }
  }

  tellOnce(message: string, item?: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.options.warn(message, item);
  }

  close(): void {
    this.#traffic.close();
    this.#ending.close();
    this.store.close();
  }

  #readOnly(why: string): void {
    this.#isReadOnly = true;
    this.tellOnce(`nothing more is sent to the remote cache ${this.#url} in this run: ${why}`);
  }

  #turnOff(error: StoreError): void {
    if (this.#isOff || this.#ending.signal.aborted) return;
    this.#isOff = true;
    this.options.onOff();
    this.tellOnce(
      `the remote cache ${this.#url} is not used for the rest of this run: ${withHint(error)}`,
    );
  }
}

function withHint({ message, hint }: StoreError): string {
  return hint === undefined ? message : `${message}: ${hint}`;
}
