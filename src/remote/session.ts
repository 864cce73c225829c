/**
 * What a run knows of its remote cache: whether it is still used, what was asked and answered, and what
 * is missing or damaged there. Its failures never fail the run.
 */
import { type Cache, DamagedObject } from '../cache/cache.js';
import { OBJECT_MODE, PRIVATE_MODE } from '../cache/objects/access.js';
import type { Digest } from '../cache/objects/digest.js';
import type { Objects } from '../cache/objects/objects.js';
import { userError } from '../error.js';
import type { Transfer } from '../event.js';
import { limitOf } from './concurrency.js';
import { Ending, type Interruption } from './ending.js';
import { Trust } from './envelope.js';
import { BadObject, bringObjects } from './objects-in.js';
import { sendObjects } from './objects-out.js';
import { openStore } from './open-store.js';
import type { RemoteConfig } from './remote-config.js';
import type { Pack } from './remote-record.js';
import { type Store, StoreError } from './store.js';
import { Traffic } from './traffic.js';

export interface RemoteOptions {
  readonly config: RemoteConfig;
  readonly cache: Cache;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Version of pipe. */
  readonly version: string;
  /** What we read ends at once at `stop`. What we send has some more seconds, unless `kill` ends it. */
  readonly interruption: Interruption;
  readonly warn: (message: string, item?: string) => void;
  readonly onTransfer: (event: Transfer) => void;
}

export const RECORD_LIMIT = 2 ** 28;

/** Milliseconds for which an answer that nothing is there counts. */
const ABSENT_FOR = 10_000;

/** Packs in memory at once, each of about 8 MiB. */
const PACKS = 8;

type Answer = { readonly bytes: Buffer | undefined; readonly at: number };

type Read<T> = (body: string) => T | { readonly refused: string };

export class Session {
  readonly options: RemoteOptions;
  readonly store: Store;
  readonly trust: Trust;
  /** Names that are missing or damaged there: what we send replaces them. */
  readonly bad = new Set<string>();
  readonly #ending: Ending;
  readonly #traffic: Traffic;
  readonly #packing = limitOf(PACKS);
  /** Answers that were asked for in advance, by name. */
  readonly #answers = new Map<string, Promise<Answer>>();
  readonly #told = new Set<string>();
  #isOff = false;
  /** What it lets us do once, it lets us do, until a token expires. */
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

  /** An answer asked for in advance counts; that nothing is there, only for a while. */
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

  /** What is stored at a name, if it is whole, signed as it must be, and what we asked for. */
  async believed<T extends object>(
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
   * Brings all objects of the digests. `isPrivate`: they belong to outs whose files may not be for
   * everybody; then neither are the objects. False when one is missing or damaged there.
   */
  async bring(
    item: string,
    wanted: readonly { readonly digest: Digest; readonly size: number }[],
    packs: readonly Pack[],
    into: { readonly objects: Objects; readonly isPrivate: boolean },
  ): Promise<boolean> {
    const source = { store: this.store, packs, packing: this.#packing, traffic: this.#traffic };
    const { objects, isPrivate } = into;
    const mode = isPrivate ? PRIVATE_MODE : OBJECT_MODE;
    const target = { objects, mode, draft: () => this.options.cache.draft() };
    try {
      await bringObjects(wanted, source, target);
      return true;
    } catch (error) {
      if (!(error instanceof BadObject) && !(error instanceof DamagedObject)) throw error;
      if (error instanceof BadObject) this.bad.add(error.at);
      this.tellOnce(`${error.message} in the remote cache: the result counts as absent`, item);
      return false;
    }
  }

  /** Returns the packs that hold the small ones. */
  send(digests: readonly Digest[], objects: Objects): Promise<Pack[]> {
    const { store, bad } = this;
    return sendObjects(digests, objects, {
      store,
      bad,
      packing: this.#packing,
      traffic: this.#traffic,
    });
  }

  /**
   * Undefined when the cache is off. A refusal later in a run turns it off, too: what runs goes on.
   *
   * @throws UserError when the cache refuses the first read
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
          `the remote cache ${this.#url} refuses to be read: ${error.message}`,
          `${error.cure ?? 'check the credentials (`pipe remote` tests them)'}, or run with --remote off`,
        );
      this.#turnOff(error);
      return undefined;
    }
  }

  /** Undefined when nothing was written: the cache is off or only read, or an object is gone here. */
  async writing<T>(write: () => Promise<T>): Promise<T | undefined> {
    if (this.#isOff || this.#isReadOnly) return undefined;
    if (!this.trust.canSign) {
      this.#readOnly(
        'PIPE_REMOTE_SIGNING_KEY is not one of the keys in remote.trust, so readers would reject its results',
      );
      return undefined;
    }
    try {
      return await write();
    } catch (error) {
      // gc or `keep` removed it meanwhile: what is newer is sent later.
      if (error instanceof DamagedObject) return undefined;
      if (!(error instanceof StoreError)) throw error;
      if (error.kind === 'unwritable') this.#readOnly(withCure(error));
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
    this.tellOnce(
      `the remote cache ${this.#url} is not used for the rest of this run: ${withCure(error)}`,
    );
  }
}

function withCure({ message, cure }: StoreError): string {
  return cure === undefined ? message : `${message}: ${cure}`;
}
