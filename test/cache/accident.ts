/** A short life of a cache, and the properties that must hold after any accident. */
import { hash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import type { Cache, openCache } from '../../src/cache/cache.js';
import { filesBelow, recordOf } from './project.js';

export const KEYS = ['1'.repeat(64), '2'.repeat(64)] as const;
export const CHAIN = 'c'.repeat(64);
const EPOCHS = [1, 2];

/** The content of the out of each key. */
const OUTS: readonly Readonly<Record<string, Buffer>>[] = [
  { 'a.txt': Buffer.from('a'), 'sub/b.bin': Buffer.alloc(1_200_000, 1), 'sub/c': Buffer.from('c') },
  { 'a.txt': Buffer.from('a'), 'sub/b.bin': Buffer.alloc(1_200_000, 2), d: Buffer.from('d') },
];

const stateOf = (epoch: number): Record<string, Buffer> => ({
  'weights/w.bin': Buffer.alloc(1_100_000, epoch),
  'step.json': Buffer.from(`{"step":${epoch}}`),
  'metrics.json': Buffer.from(`{"loss":${1 / epoch}}`),
});

/** What a life had completed before it ended. */
export interface Progress {
  readonly recorded: Set<string>;
  readonly taken: Set<number>;
}

export class Life {
  readonly #open: typeof openCache;
  readonly root: string;

  constructor(root: string, open: typeof openCache) {
    this.root = root;
    this.#open = open;
    mkdirSync(root, { recursive: true });
  }

  open(warnings: string[] = []): Cache {
    return this.#open({ project: this.root, warn: (message) => warnings.push(message) });
  }

  /** What stages do: commits in the chain's folder. And old garbage, for gc to find. */
  async prepare(): Promise<void> {
    const cache = this.open();
    write(this.root, { stray: Buffer.from('stray') });
    await cache.outs.store('stray');
    for (const file of filesBelow(cache.layout.objects)) utimesSync(file, 1, 1);
    const folder = cache.chains.commitFolder(CHAIN);
    for (const epoch of EPOCHS) write(path.join(folder, String(epoch)), stateOf(epoch));
    cache.close();
  }

  /**
   * Stores two results with records, stores two epochs, collects garbage, restores the first
   * result.
   */
  async live(progress: Progress, seconds: number): Promise<void> {
    const cache = this.open();
    cache.sweepTmp();
    for (const [index, key] of KEYS.entries()) {
      await cache.outs.remove('out/d');
      write(path.join(this.root, 'out/d'), OUTS[index] as Record<string, Buffer>);
      const { digest, size, files } = await cache.outs.store('out/d');
      await cache.writeRecord(recordOf(key, digest, { size, count: files, seconds }));
      progress.recorded.add(key);
      cache.state.writeLast('make', recordOf(key, digest, { seconds }));
    }
    for (const epoch of cache.chains.pendingCommits(CHAIN)) {
      await cache.chains.storeEpoch(CHAIN, epoch, seconds);
      progress.taken.add(epoch);
    }
    await cache.upkeep.isOver(1);
    await cache.upkeep.gc({
      roots: { keys: KEYS, chains: [{ chain: CHAIN, epoch: 1 }] },
      maxSize: 0,
    });
    const first = cache.readRecord(KEYS[0]);
    // A record that the disk cannot read counts as absent: the item would run again.
    if (first !== undefined) await cache.outs.restore(first.outs[0]!, 'out/d');
    cache.close();
  }

  /** A killed process leaves its folder in tmp under a name that no process owns any more. */
  bury(): void {
    const tmp = path.join(this.root, 'cache/tmp');
    if (!existsSync(tmp)) return;
    for (const name of readdirSync(tmp)) {
      const fields = name.split('~');
      fields[4] = fields[4]!.replace(/^\d+/, 'ended');
      renameSync(path.join(tmp, name), path.join(tmp, fields.join('~')));
    }
  }

  /** Throws when anything is lost or wrong. */
  async check(progress: Progress): Promise<void> {
    const warnings: string[] = [];
    const cache = this.open(warnings);
    cache.sweepTmp();
    await this.#checkRecords(cache, progress);
    await this.#checkEpochs(cache, progress);
    this.#checkFresh(cache);
    cache.close();
    expect(filesBelowIfThere(path.join(this.root, 'cache/tmp'))).toEqual([]);
    expect(warnings).toEqual([]);
  }

  /** Each existing record has all its objects, and no written record is missing. */
  async #checkRecords(cache: Cache, { recorded }: Progress): Promise<void> {
    for (const [index, key] of KEYS.entries()) {
      const record = cache.readRecord(key);
      if (record === undefined) {
        expect(recorded.has(key)).toBe(false);
        continue;
      }
      const { digest } = record.outs[0]!;
      expect(cache.hasAll(digest)).toBe(true);
      await cache.outs.restore({ digest }, 'put/back');
      expect(contents(path.join(this.root, 'put/back'))).toEqual(hashes(OUTS[index]!));
      rmSync(path.join(this.root, 'put'), { recursive: true });
    }
  }

  /** A committed epoch is recorded with its state, or still waits as it was committed. */
  async #checkEpochs(cache: Cache, { taken }: Progress): Promise<void> {
    const pending = cache.chains.pendingCommits(CHAIN);
    for (const epoch of taken) expect(pending).not.toContain(epoch);
    for (const epoch of pending) await cache.chains.storeEpoch(CHAIN, epoch, 0);
    const records = cache.chains.readEpochs(CHAIN);
    expect(records.map((record) => record.epoch)).toEqual(EPOCHS);
    for (const { epoch, metrics } of records) {
      expect(metrics).toEqual({ loss: 1 / epoch });
      const state = await cache.chains.restoreState(CHAIN, epoch, path.join(this.root, 'put'));
      expect(contents(state)).toEqual(hashes(stateOf(epoch)));
      rmSync(state, { recursive: true });
    }
  }

  /** The cache's view of the workspace matches the disk. */
  #checkFresh(cache: Cache): void {
    const here = path.join(this.root, 'out');
    if (!existsSync(path.join(here, 'd'))) return;
    const fresh = this.#open({
      project: here,
      folder: path.join(here, 'c'),
      warn: () => undefined,
    });
    expect(cache.scanSync('out/d')).toEqual(fresh.scanSync('d'));
    rmSync(path.join(here, 'c'), { recursive: true, force: true });
  }
}

function write(folder: string, files: Readonly<Record<string, Buffer>>): void {
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), bytes);
  }
}

/** By hash, since a comparison byte by byte of large buffers takes seconds. */
function contents(folder: string): Record<string, string> {
  const files = filesBelow(folder);
  return Object.fromEntries(
    files.map((file) => [path.relative(folder, file), hash('sha256', readFileSync(file))]),
  );
}

function hashes(files: Readonly<Record<string, Buffer>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [name, hash('sha256', bytes)]),
  );
}

function filesBelowIfThere(folder: string): string[] {
  return existsSync(folder) ? filesBelow(folder) : [];
}
