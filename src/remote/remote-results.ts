/** Results in a remote cache: fetched by key, and sent, objects before the record. */
import type { RunRecord } from '../cache/records/record.js';
import { usageOf } from '../sys/usage.js';
import { limitOf } from './concurrency.js';
import {
  madeHere,
  type Pack,
  type RemoteResult,
  resultIn,
  withoutValues,
} from './remote-record.js';
import type { Session } from './session.js';

/** A result to fetch: its key with the manifest, and its item for messages. */
export type Wanted = Pick<RunRecord, 'item' | 'key' | 'manifest' | 'filled' | 'measures'>;

/** How many results are fetched before their item's turn. */
const AHEAD = 16;

export class RemoteResults {
  readonly #session: Session;
  /**
   * Keys with missing or damaged objects in the remote cache: the objects and the record are sent
   * again.
   */
  readonly #broken = new Set<string>();
  /** Results that are being fetched, by key. */
  readonly #coming = new Map<string, Promise<RemoteResult | undefined>>();
  readonly #ahead = limitOf(AHEAD);

  constructor(session: Session) {
    this.#session = session;
  }

  /** The record of a key, without its objects. */
  async find(wanted: Wanted): Promise<RunRecord | undefined> {
    const found = await this.#session.reading(() => this.#ask(wanted));
    return found && recordOf(wanted, found, {});
  }

  /** Fetches a result that the run is about to need, after the results before it. */
  expect(wanted: Wanted): void {
    const { key } = wanted;
    if (this.#session.isOff || this.#coming.has(key)) return;
    const coming = this.#ahead(async () =>
      this.#session.isOff ? undefined : await this.#bring(wanted),
    );
    this.#coming.set(key, coming);
    // The item that needs the result waits for it, and reports any error.
    coming.catch(() => undefined);
  }

  /**
   * Fetches the record of a key with all objects of its outs. False if it is missing or incomplete.
   * `before`: called before the record is written.
   */
  async take(
    wanted: Wanted,
    files: RunRecord['files'],
    before: () => Promise<void>,
  ): Promise<boolean> {
    const { key } = wanted;
    const coming = this.#coming.get(key);
    this.#coming.delete(key);
    const found = await this.#session.reading(async () => {
      const early = await coming;
      // Another machine may have sent it meanwhile.
      return early ?? (this.#broken.has(key) ? undefined : await this.#bring(wanted));
    });
    if (found === undefined) return false;
    await before();
    await this.#session.options.cache.writeRecord(recordOf(wanted, found, files));
    return true;
  }

  /** Sends a result: its objects, then its record. True when the remote cache now has it. */
  async send(record: RunRecord): Promise<boolean> {
    const { key, outs } = record;
    const sent = await this.#session.writing(async () => {
      const theirs = await this.#ask(record, true);
      const isBroken = this.#broken.has(key);
      if (theirs !== undefined && !isBroken) return this.#isSame(theirs, record);
      const packs = await this.#session.send(outs, this.#session.options.cache.objects());
      return this.#putRecord(record, packs, isBroken);
    });
    return sent ?? false;
  }

  /** Fetches a result with all its objects. */
  async #bring(wanted: Wanted): Promise<RemoteResult | undefined> {
    const found = await this.#ask(wanted);
    if (found === undefined) return undefined;
    const { outs, packs } = found;
    const isPrivate = outs.some(({ permissions }) => permissions !== undefined);
    const objects = this.#session.options.cache.objects();
    const into = { objects, isPrivate };
    if (await this.#session.bring(wanted.item, outs, packs, into)) return found;
    this.#broken.add(wanted.key);
    return undefined;
  }

  async #putRecord(record: RunRecord, packs: readonly Pack[], isBroken: boolean): Promise<boolean> {
    const { key, item, manifest, outs, seconds } = record;
    const { store, trust, bad, options } = this.#session;
    const made = madeHere(options.version);
    const body: RemoteResult = {
      format: 1,
      key,
      item,
      manifest: withoutValues(manifest),
      outs,
      seconds,
      ...usageOf(record),
      made,
      packs,
    };
    const name = `ac/${key}`;
    const bytes = trust.seal(JSON.stringify(body));
    const mustReplace = isBroken || bad.has(name);
    const isWritten = await store.put(name, bytes, !mustReplace);
    if (isWritten) {
      bad.delete(name);
      this.#broken.delete(key);
      return true;
    }
    const theirs = await this.#ask(record, true);
    if (theirs !== undefined) return this.#isSame(theirs, record);
    // The record that prevented the write is gone again, or is rejected.
    return await store.put(name, bytes, false);
  }

  /** Warns about a result with different bytes under the same key; the first one is kept. */
  #isSame({ outs, made }: RemoteResult, { item, outs: ours }: RunRecord): boolean {
    const digestThere = (name: string) => outs.find((out) => out.name === name)?.digest;
    const differing = ours.find(({ name, digest }) => digestThere(name) !== digest);
    if (differing === undefined) return true;
    const { name, digest } = differing;
    const here = madeHere(this.#session.options.version);
    const [there, now] = [digestThere(name), digest].map((each) => each?.slice(0, 14));
    this.#session.tellOnce(
      `${item}: the remote cache has a different result for the same key, and keeps it: out ${name} is ${there} there (made on ${shown(made)}) and ${now} here (${shown(here)}): the stage is not deterministic`,
      item,
    );
    return false;
  }

  async #ask({ key, item, manifest }: Wanted, again = false): Promise<RemoteResult | undefined> {
    const read = (body: string) => resultIn(body, key, manifest);
    return this.#session.accepted(`ac/${key}`, item, read, again);
  }
}

function recordOf(
  { key, item, manifest, filled, measures }: Wanted,
  found: RemoteResult,
  files: RunRecord['files'],
): RunRecord {
  const { outs, seconds } = found;
  const notes = { ...(filled && { filled }), ...(measures && { measures }) };
  return { format: 1, key, item, manifest, ...notes, files, outs, seconds, ...usageOf(found) };
}

function shown({ machine, platform, node, pipe, at }: RemoteResult['made']): string {
  return `${machine}, ${platform}, Node ${node}, pipe ${pipe}, ${at.slice(0, 10)}`;
}
