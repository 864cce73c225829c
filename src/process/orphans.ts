/** Ends what a runner that was killed left running, so that nothing of it writes beside a new run. */
import { setTimeout as delay } from 'node:timers/promises';
import { childrenOf, send } from './family.js';
import { type Identity, livenessOf } from './identity.js';

/** What SIGKILL does not end within this time hangs in the system and will not end. */
const KILLED_MS = 5_000;

/**
 * Kills all processes that a dead runner has started. Nobody will store what they compute, so they
 * get no grace. Resolves when they are gone, with the number of those that were there. Linux only:
 * elsewhere nothing is found, and the stage host alone ends by itself.
 */
export async function reapOrphans(runner: Identity): Promise<number> {
  if (livenessOf(runner) !== 'dead') return 0;
  const seen = new Set<number>();
  const deadline = performance.now() + KILLED_MS;
  for (let pause = 1; performance.now() < deadline; pause = Math.min(2 * pause, 50)) {
    const orphans = childrenOf(runner);
    if (orphans.length === 0) break;
    for (const pid of orphans) {
      seen.add(pid);
      send(pid, 'SIGKILL');
    }
    await delay(pause);
  }
  return seen.size;
}
