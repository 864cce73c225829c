/** Waiting for what no event tells. */
import { setTimeout as delay } from 'node:timers/promises';

/** Looks until it is so, and leaves the processor to whoever makes it so. The test's time limit is the only limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5);
}
