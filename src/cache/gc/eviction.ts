/** Eviction order: what gc may remove when the cache is too large. */
import { nameOf } from '../objects/digest.js';
import { type EpochRecord, type RunRecord, storedBytes } from '../records/record.js';
import type { Inventory, StoredChain } from './inventory.js';

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
  readonly record: RunRecord;
}

interface StateCandidate extends Common {
  readonly kind: 'state';
  readonly record: EpochRecord;
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
  for (const { key, mtime, record } of inventory.records) {
    if (record !== undefined && !needed.keys.has(key)) all.push(resultOf(record, mtime));
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

function resultOf(record: RunRecord, stored: number): ResultCandidate {
  const { item, outs, seconds } = record;
  const bytes = storedBytes(outs);
  return { kind: 'result', record, item, bytes, seconds, stored, rank: Rank.Unneeded };
}

/** Stored states; of a requested chain, neither the newest one nor the one that serves the request. */
function statesOf(chain: StoredChain, asked: ReadonlySet<number> | undefined): StateCandidate[] {
  const { about, epochs, stored } = chain;
  const present = epochs.filter((record) => stored.has(nameOf(record.state)));
  const newest = present.at(-1)?.epoch;
  const allSeconds = epochs.reduce((sum, record) => sum + record.seconds, 0);
  const states: StateCandidate[] = [];
  for (const record of present) {
    const { epoch, size } = record;
    const isNewest = epoch === newest;
    if (asked !== undefined && (isNewest || servesAsked(epoch, asked, present))) continue;
    states.push({
      kind: 'state',
      record,
      item: about?.item ?? '',
      bytes: size,
      seconds: isNewest ? allSeconds : record.seconds,
      stored: stored.get(nameOf(record.state))?.mtime ?? 0,
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
