/** Eviction order: what gc may remove when the cache is too large. */
import { nameOf } from '../objects/digest.js';
import { type EpochRecord, storedBytes } from '../records/record.js';
import type { Inventory, StoredChain, StoredRecord } from './inventory.js';

export type EvictionCandidate = ResultCandidate | StateCandidate;

interface Common {
  readonly item: string;
  readonly bytes: number;
  /** Time to recompute it. */
  readonly seconds: number;
  /** Time of storing, in milliseconds since 1970. */
  readonly stored: number;
  readonly rank: Rank;
}

interface ResultCandidate extends Common {
  readonly kind: 'result';
  readonly key: string;
}

interface StateCandidate extends Common {
  readonly kind: 'state';
  readonly chain: string;
  readonly epoch: number;
}

/** Gc removes all of a rank before it touches the next rank. */
enum Rank {
  /** Superseded states of chains that nothing requests. */
  Passed = 0,
  /** Results that nothing requests, and the newest states of chains that nothing requests. */
  Unneeded = 1,
  /** Superseded states of requested chains. Their newest state is kept. */
  PassedNeeded = 2,
}

export interface Needed {
  readonly keys: ReadonlySet<string>;
  /** Requested epochs, by chain. */
  readonly chains: ReadonlyMap<string, ReadonlySet<number>>;
  /** Chains that a running process uses. Gc removes nothing from them. */
  readonly busy: ReadonlySet<string>;
}

/** Everything that is not needed, in eviction order. */
export function evictionCandidates(inventory: Inventory, needed: Needed): EvictionCandidate[] {
  const all: EvictionCandidate[] = [];
  for (const stored of inventory.records) {
    if (stored.record !== undefined && !needed.keys.has(stored.key)) all.push(resultOf(stored));
  }
  for (const chain of inventory.chains) {
    if (!needed.busy.has(chain.chain)) all.push(...statesOf(chain, needed.chains.get(chain.chain)));
  }
  return all.sort(inOrder);
}

/** By rank, then by seconds per byte, then oldest first. */
function inOrder(a: EvictionCandidate, b: EvictionCandidate): number {
  return a.rank - b.rank || worth(a) - worth(b) || a.stored - b.stored;
}

function worth({ seconds, bytes }: EvictionCandidate): number {
  return seconds / Math.max(1, bytes);
}

function resultOf({ key, mtime, record }: StoredRecord): ResultCandidate {
  const { item = '', outs = [], seconds = 0 } = record ?? {};
  const bytes = storedBytes(outs);
  return { kind: 'result', key, item, bytes, seconds, stored: mtime, rank: Rank.Unneeded };
}

/** Stored states; of a requested chain, neither the newest one nor the one that serves the request. */
function statesOf(stored: StoredChain, asked: ReadonlySet<number> | undefined): StateCandidate[] {
  const { chain, about, objects } = stored;
  const present = stored.epochs.filter((record) => objects.has(nameOf(record.state)));
  const newest = present.at(-1)?.epoch;
  const allSeconds = stored.epochs.reduce((sum, record) => sum + record.seconds, 0);
  const states: StateCandidate[] = [];
  for (const record of present) {
    const { epoch, size } = record;
    const isNewest = epoch === newest;
    if (asked !== undefined && (isNewest || servesAsked(epoch, asked, present))) continue;
    states.push({
      kind: 'state',
      chain,
      epoch,
      item: about?.item ?? '',
      bytes: size,
      seconds: isNewest ? allSeconds : record.seconds,
      stored: objects.get(nameOf(record.state))?.mtime ?? 0,
      rank: asked !== undefined ? Rank.PassedNeeded : isNewest ? Rank.Unneeded : Rank.Passed,
    });
  }
  return states;
}

/** Training to an epoch resumes from the newest state that is not beyond it. */
function servesAsked(
  epoch: number,
  asked: ReadonlySet<number>,
  present: readonly EpochRecord[],
): boolean {
  for (const target of asked) {
    const serving = present.filter((record) => record.epoch <= target).at(-1);
    if (serving?.epoch === epoch) return true;
  }
  return false;
}
