/** Waits for conditions that no event reports. */
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Polls until the condition holds, and yields the CPU in between. The test's time limit is the only
 * limit.
 */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5);
}
