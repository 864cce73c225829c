/** Cache usage: by kind, by item, and the states of epochs. */

import type { CacheContext } from '../files/cache-context.js';
import { finish } from '../files/yielding.js';
import { nameOf } from '../objects/digest.js';
import { storedBytes } from '../records/record.js';
import { replacedFolders } from '../records/replaced.js';
import { defaultMaxSize } from './disk-usage.js';
import { bytesOf, type Inventory, type StoredChain, takeInventory } from './inventory.js';
import { storedLogs } from './log-retention.js';

export interface CacheStats {
  /** Bytes of all objects, logs and replaced files. */
  readonly bytes: number;
  readonly objects: number;
  readonly results: { readonly records: number; readonly bytes: number };
  readonly states: { readonly epochs: number; readonly kept: number; readonly bytes: number };
  readonly logs: { readonly files: number; readonly bytes: number };
  /** User files that pipe moved from out paths: number of moves, and bytes. */
  readonly replaced: { readonly moves: number; readonly bytes: number };
  /** Largest first. */
  readonly items: readonly ItemStats[];
  readonly maxSize: number;
}

interface ItemStats {
  readonly item: string;
  readonly results: number;
  /** Bytes of the item's results; shared objects count for each item. */
  readonly resultBytes: number;
  /** Epochs recorded, and how many of their states are stored. */
  readonly epochs: number;
  readonly states: number;
  readonly stateBytes: number;
  /** Computing time that the cache saves. */
  readonly seconds: number;
}

export async function statsOf(
  context: CacheContext,
  maxSize = defaultMaxSize(context.layout.root),
): Promise<CacheStats> {
  const { layout } = context;
  const inventory = await finish(takeInventory(context));
  const { results, records, chains } = inventory;
  const stateBytes = chains.reduce((sum, chain) => sum + bytesOf(chain), 0);
  const resultBytes = bytesOf(results);
  const moves = replacedFolders(layout.replaced);
  const replacedBytes = moves.reduce((sum, { bytes }) => sum + bytes, 0);
  const logs = storedLogs(layout);
  const logBytes = logs.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    bytes: resultBytes + stateBytes + logBytes + replacedBytes,
    objects: chains.reduce((sum, { stored }) => sum + stored.size, results.stored.size),
    results: { records: records.length, bytes: resultBytes },
    states: {
      epochs: chains.reduce((sum, chain) => sum + chain.epochs.length, 0),
      kept: chains.reduce((sum, chain) => sum + statesKept(chain), 0),
      bytes: stateBytes,
    },
    logs: { files: logs.length, bytes: logBytes },
    replaced: { moves: moves.length, bytes: replacedBytes },
    items: itemsOf(inventory),
    maxSize,
  };
}

function statesKept({ epochs, stored }: StoredChain): number {
  return epochs.filter((record) => stored.has(nameOf(record.state))).length;
}

function itemsOf({ records, chains }: Inventory): ItemStats[] {
  const items = new Map<string, ItemStats>();
  const add = (item: string, more: Partial<Omit<ItemStats, 'item'>>) => {
    const sums = { ...(items.get(item) ?? emptyItem(item)) };
    for (const [name, value] of Object.entries(more)) sums[name as keyof typeof more] += value;
    items.set(item, sums);
  };
  const chained = new Set(chains.map(({ about }) => about?.item));
  for (const { record } of records) {
    if (record === undefined) continue;
    const resultBytes = storedBytes(record.outs);
    // The time of an incremental item is in its epochs, because several results share them.
    const isIncremental = record.manifest.epochs !== undefined && chained.has(record.item);
    add(record.item, { results: 1, resultBytes, seconds: isIncremental ? 0 : record.seconds });
  }
  for (const chain of chains) {
    const { about, epochs } = chain;
    const seconds = epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
    const states = statesKept(chain);
    const stateBytes = bytesOf(chain);
    add(about?.item ?? '', { epochs: epochs.length, states, stateBytes, seconds });
  }
  const bytes = (item: ItemStats) => item.resultBytes + item.stateBytes;
  return [...items.values()].sort((a, b) => bytes(b) - bytes(a));
}

function emptyItem(item: string): { -readonly [K in keyof ItemStats]: ItemStats[K] } {
  return { item, results: 0, resultBytes: 0, epochs: 0, states: 0, stateBytes: 0, seconds: 0 };
}
