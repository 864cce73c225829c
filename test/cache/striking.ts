/**
 * Lives of a cache, each with one fault. Independent of how the cache was loaded, because faults
 * are installed first.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import type { openCache } from '../../src/cache/cache.js';
import { Life, type Progress } from './accident.js';
import { type Ending, type Fault, withFault } from './faults.js';
import { temporaryFolder } from './project.js';

export type Open = typeof openCache;

/** One life with a fault, followed by one without. */
async function strike(
  open: Open,
  root: string,
  fault: Fault | undefined,
  seconds: number,
): Promise<Ending> {
  const life = new Life(root, open);
  await life.prepare();
  const progress: Progress = { recorded: new Set(), taken: new Set() };
  const end = await withFault(root, fault, () => life.live(progress, seconds));
  life.bury();
  await life.check(progress);
  await life.live({ recorded: new Set(), taken: new Set() }, seconds);
  await life.check({ recorded: progress.recorded, taken: new Set() });
  rmSync(root, { recursive: true });
  return end;
}

export interface Strikes {
  /** At every so-many-th call. */
  readonly every: number;
  /** How long each result took: longer ones are synced. */
  readonly seconds: number;
}

/** Lives with one fault each, at one call after the other. */
export async function strikeAll(
  open: Open,
  make: (at: number) => Fault,
  { every, seconds }: Strikes,
): Promise<Ending[]> {
  const folder = temporaryFolder();
  const { calls } = await strike(open, path.join(folder, 'counted'), undefined, seconds);
  expect(calls).toBeGreaterThan(100);
  const endings: Ending[] = [];
  for (let at = 1; at <= calls; at += every) {
    endings.push(await strike(open, path.join(folder, String(at)), make(at), seconds));
  }
  return endings;
}

/** The last tenth may strike calls that a life does not reach, because their number varies by 5 %. */
export function expectKilled(endings: readonly Ending[]): void {
  const reached = endings.slice(0, Math.floor(0.9 * endings.length));
  expect(reached.map(({ killed }) => killed)).toEqual(reached.map(() => true));
  expect(reached.length).toBeGreaterThan(0);
}

/** Effects that only save time may be skipped; all other errors are reported. */
export function expectTold(endings: readonly Ending[], code: string): void {
  for (const { error } of endings) if (error !== undefined) expect(error).toMatchObject({ code });
  expect(endings.some(({ error }) => error !== undefined)).toBe(true);
}
