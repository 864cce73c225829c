/** Inventory of the whole cache: for gc, stats and verify. */
import { lstatSync, type Stats } from 'node:fs';
import path from 'node:path';
import { lstatIfThere, namesIn } from '../../sys/if-there.js';
import type { CacheContext } from '../files/cache-context.js';
import { roomOf } from '../files/sparse.js';
import type { Cooperative } from '../files/yielding.js';
import type { Layout } from '../layout.js';
import { Objects } from '../objects/objects.js';
import { Chains } from '../records/epoch-chains.js';
import type { ChainAbout, EpochRecord, RunRecord } from '../records/record.js';
import { readRunRecord, recordPath } from '../records/records.js';
import { replacedFolders } from '../records/replaced.js';
import { storedLogs } from './log-retention.js';

export interface StoredObject {
  readonly size: number;
  /** Bytes allocated on disk. */
  readonly room: number;
  readonly mtime: number;
  /** True if its permissions allow writing. */
  readonly writable: boolean;
}

export interface StoredRecord {
  readonly key: string;
  readonly mtime: number;
  /** Undefined when the record is invalid. */
  readonly record: RunRecord | undefined;
}

/** The object store of all results, or of one chain. */
export interface ObjectStore {
  readonly objects: Objects;
  readonly stored: ReadonlyMap<string, StoredObject>;
}

export interface StoredChain extends ObjectStore {
  readonly chain: string;
  readonly about: ChainAbout | undefined;
  readonly epochs: readonly EpochRecord[];
}

export interface Inventory {
  readonly results: ObjectStore;
  readonly records: readonly StoredRecord[];
  readonly chains: readonly StoredChain[];
}

type Warn = (message: string) => void;

/** Throws if a record is temporarily unreadable: gc would treat its objects as garbage. */
export function* takeInventory(context: CacheContext): Cooperative<Inventory> {
  const { layout, warn } = context;
  // Records come first, so that the objects of a record written meanwhile are listed too.
  const records = yield* recordsIn(layout, warn);
  const chains: StoredChain[] = [];
  const reader = new Chains(context);
  for (const chain of namesIn(layout.chains).filter(isName)) {
    yield undefined;
    const epochs = reader.readEpochs(chain, 'an error');
    const store = yield* listed(reader.objects(chain));
    chains.push({ chain, about: reader.about(chain), epochs, ...store });
  }
  const results = new Objects(layout.objects, context);
  return { results: yield* listed(results), records, chains };
}

function* recordsIn({ records }: Layout, warn: Warn): Cooperative<StoredRecord[]> {
  const found: StoredRecord[] = [];
  for (const shard of namesIn(records)) {
    for (const name of namesIn(path.join(records, shard))) {
      const key = name.slice(0, -'.json'.length);
      if (!name.endsWith('.json') || !isName(key)) continue;
      yield undefined;
      const stat = lstatIfThere(recordPath(records, key));
      if (stat === undefined) continue;
      found.push({
        key,
        mtime: stat.mtimeMs,
        record: readRunRecord(records, key, warn, 'an error'),
      });
    }
  }
  return found;
}

function* listed(objects: Objects): Cooperative<ObjectStore> {
  const { folder } = objects;
  const stored = new Map<string, StoredObject>();
  for (const shard of namesIn(folder)) {
    yield undefined;
    for (const name of namesIn(`${folder}/${shard}`)) {
      const hex = shard + name;
      const stat: Stats | undefined = lstatSync(`${folder}/${shard}/${name}`, {
        throwIfNoEntry: false,
      });
      if (stat?.isFile() !== true || !isName(hex)) continue;
      const { size, mtimeMs: mtime } = stat;
      const writable = (stat.mode & 0o222) !== 0;
      stored.set(hex, { size, room: roomOf(stat), mtime, writable });
    }
  }
  return { objects, stored };
}

/**
 * Bytes of all objects, logs and replaced files, by stats alone, in a tenth of the time of an
 * inventory.
 */
export function* bytesBelow(layout: Layout): Cooperative<number> {
  const { objects, chains, replaced } = layout;
  let bytes = 0;
  for (const log of storedLogs(layout)) bytes += log.bytes;
  for (const folder of replacedFolders(replaced)) bytes += folder.bytes;
  const folders = namesIn(chains).map((chain) => path.join(chains, chain, 'objects'));
  for (const folder of [objects, ...folders]) {
    for (const shard of namesIn(folder)) {
      yield undefined;
      for (const name of namesIn(`${folder}/${shard}`)) {
        const stat = lstatIfThere(`${folder}/${shard}/${name}`);
        bytes += stat === undefined ? 0 : roomOf(stat);
      }
    }
  }
  return bytes;
}

function isName(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

export function bytesOf({ stored }: ObjectStore): number {
  let bytes = 0;
  for (const { room } of stored.values()) bytes += room;
  return bytes;
}
