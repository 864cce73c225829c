/** Killed, out of space or struck by an error at any call of the file system: nothing is lost, nothing is wrong. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { Life, type Progress } from './accident.js';
import { type Ending, type Fault, installFaults, withFault } from './faults.js';
import { temporaryFolder } from './project.js';

let open: typeof import('../../src/cache/cache.js').openCache;

/** The quick form; the long one strikes at each, see test/long/cache. */
const EVERY = 17;

beforeAll(async () => {
  // Before anything of the cache is loaded, which takes functions of node:fs by reference.
  installFaults();
  ({ openCache: open } = await import('../../src/cache/cache.js'));
});

/** One life with one fault, and another one without after it. */
async function strike(root: string, fault: Fault | undefined, seconds: number): Promise<Ending> {
  const life = new Life(root, open);
  life.prepare();
  const progress: Progress = { recorded: new Set(), taken: new Set() };
  const end = await withFault(root, fault, () => life.live(progress, seconds, () => undefined));
  life.bury();
  await life.check(progress);
  await life.live({ recorded: new Set(), taken: new Set() }, seconds, () => undefined);
  await life.check({ recorded: progress.recorded, taken: new Set() });
  rmSync(root, { recursive: true });
  return end;
}

/** At every so-many-th call. */
async function strikeAll(make: (at: number) => Fault, every: number): Promise<Ending[]> {
  const folder = temporaryFolder();
  const { calls } = await strike(path.join(folder, 'counted'), undefined, 0.1);
  expect(calls).toBeGreaterThan(100);
  const endings: Ending[] = [];
  for (let at = 1; at <= calls; at += every) {
    endings.push(await strike(path.join(folder, String(at)), make(at), 0.1));
  }
  return endings;
}

test('killed', async () => {
  const endings = await strikeAll((at) => ({ kind: 'kill', at }), EVERY);
  // A life may make some calls less than the one that was counted, as time goes by differently.
  expect(endings.filter(({ killed }) => killed).length).toBeGreaterThan(0.9 * endings.length);
});

test.each(['ENOSPC', 'EIO'])('%s', async (code) => {
  const endings = await strikeAll((at) => ({ kind: 'fail', at, code }), 2 * EVERY);
  // What only saves time may be done without; all else is told as it is.
  for (const { error } of endings) if (error !== undefined) expect(error).toMatchObject({ code });
  expect(endings.some(({ error }) => error !== undefined)).toBe(true);
});
