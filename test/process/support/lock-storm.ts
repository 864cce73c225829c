/**
 * Many processes compete for one lock and are killed at random moments. Property: two never have it
 * at the same time.
 */
import { utimesSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Script, startScript } from './script.js';

export interface Storm {
  readonly kills: number;
  /** How often the lock was taken. */
  readonly entries: number;
  readonly violations: readonly string[];
}

/** Runs `width` processes until this number were killed; each killed one is replaced. */
export async function lockStorm(
  folder: string,
  width: number,
  kills: number,
  random: () => number,
  env: NodeJS.ProcessEnv = {},
): Promise<Storm> {
  const port = await freePort();
  const storm = { kills: 0, entries: 0, violations: [] as string[] };
  const over = () => storm.kills >= kills || storm.violations.length > 0;
  const one = async () => {
    while (!over()) {
      const script = await startScript('locker', [folder, 'storm', String(port)], env);
      await watch(script, storm, random, over);
      await script.kill();
      storm.kills++;
      wakeAll(join(folder, 'storm'));
    }
  };
  await Promise.all(Array.from({ length: width }, one));
  return storm;
}

/**
 * Follows one process until its kill: some lines after its start, and some turns of the event loop
 * later.
 */
async function watch(
  script: Script,
  storm: { entries: number; violations: string[] },
  random: () => number,
  over: () => boolean,
): Promise<void> {
  for (let left = Math.floor(random() * 12); left > 0 && !over(); left--) {
    const line = await script.line();
    if (line === 'in') storm.entries++;
    // Most are killed while they hold the lock.
    if (line === 'in' && random() < 0.7) return;
    if (line?.startsWith('violation')) storm.violations.push(line);
    if (line === undefined) storm.violations.push('a process ended by itself');
  }
  for (let turns = Math.floor(random() * 200); turns > 0; turns--)
    await new Promise((resolve) => setImmediate(resolve));
}

/**
 * All waiting processes check the lock at the same moment, as when they race for a dead holder's
 * lock.
 */
function wakeAll(lock: string): void {
  const now = new Date();
  try {
    utimesSync(lock, now, now);
  } catch (error) {
    // No process holds it.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** A seeded generator (mulberry32), so that a storm is reproducible from its seed. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
