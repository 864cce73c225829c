/** The message for an item that needs more than there is. */
import { describe, expect, it } from 'vitest';
import { excess } from '../../src/decide/excess.js';
import type { Item } from '../../src/pipeline/plan.js';

const GB = 2 ** 30;
const WHOLE = { cores: 8, memory: 32 * GB };

function told(
  cpu: number,
  memory: number,
  machine: { cores: number; memory: number },
  concurrency?: number,
) {
  const item = { resources: { cpu, memory, gpu: 0 } } as Item;
  return excess(item, { ...machine, whole: WHOLE }, concurrency);
}

describe('an item that needs more than there is', () => {
  it('reports the size of the machine, or of the cgroup if that is smaller', () => {
    const held = { cores: 2, memory: 4 * GB };
    expect(told(2, 4 * GB, held)).toBeUndefined();
    expect(told(16, GB, WHOLE)).toBe('it asks for 16 cores, but this machine has 8: it runs alone');
    expect(told(16, GB, held)).toBe(
      'it asks for 16 cores, but the cgroup or job of this run allows 2: it runs alone',
    );
    expect(told(16, 8 * GB, { ...WHOLE, memory: 4 * GB })).toBe(
      'it asks for 16 cores, but this machine has 8; for 8 GiB of memory, but the cgroup or job of this run allows 4 GiB: it runs alone',
    );
    expect(told(16, GB, { ...WHOLE, memory: 4 * GB })).toBe(
      'it asks for 16 cores, but this machine has 8: it runs alone',
    );
  });

  it('does not exist with a larger --concurrency', () => {
    expect(told(16, 0, { ...WHOLE, cores: 2 }, 16)).toBeUndefined();
  });
});
