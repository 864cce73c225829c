/** How long to wait before asking again, and the waiting. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Backoff {
  /** Attempts in a row that bring no byte before it is given up. */
  readonly attempts: number;
  readonly firstMs: number;
  readonly longestMs: number;
}

export const BACKOFF: Backoff = { attempts: 8, firstMs: 1_000, longestMs: 120_000 };

/**
 * Milliseconds before the next attempt after `failures` in a row: doubling, spread over half of
 * that so that many clients do not come back at once; at least what the server asked for.
 */
export function delayAfter(
  failures: number,
  askedMs: number | undefined,
  { firstMs, longestMs }: Backoff,
  uniform: number,
): number {
  const doubled = Math.min(longestMs, firstMs * 2 ** (failures - 1));
  return Math.max(doubled * (0.5 + 0.5 * uniform), Math.min(askedMs ?? 0, longestMs));
}

export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

export const waitFor: Wait = async (ms, signal) => {
  await sleep(ms, undefined, { signal });
};
