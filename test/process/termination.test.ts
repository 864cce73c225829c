/** Times longer than one timer of Node can hold. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ProcessTree } from '../../src/process/process-tree.js';
import { Termination } from '../../src/process/termination.js';

const DAY = 86_400;

describe('a timeout', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each([1, DAY, 24 * DAY, 25 * DAY, 30 * DAY, 1000 * DAY])(
    'of %d seconds ends the processes after that time, and not before',
    (timeout) => {
      const signals: string[] = [];
      const family = { signal: (name: string) => signals.push(name) } as unknown as ProcessTree;
      const termination = new Termination(family, { timeout, grace: 5 });
      vi.advanceTimersByTime(timeout * 1000 - 1);
      expect([signals, termination.cause]).toEqual([[], undefined]);
      vi.advanceTimersByTime(1);
      expect([signals, termination.cause]).toEqual([['SIGTERM'], 'timeout']);
    },
  );
});
