/** Finds items that need more than the machine has. */
import type { Item } from '../pipeline/plan.js';
import { gibibytes, type Machine } from '../process/machine.js';

/**
 * Undefined unless the item needs more cores or memory than there are. A low `--concurrency` is
 * intended, so it does not count.
 */
export function excess({ resources }: Item, machine: Machine, concurrency = 0): string | undefined {
  const cores = Math.max(machine.cores, concurrency);
  const { memory, whole } = machine;
  const found: string[] = [];
  if (resources.cpu > cores)
    found.push(`${resources.cpu} cores, but ${owner(cores < whole.cores)} ${cores}`);
  if (resources.memory > memory) {
    const asked = gibibytes(resources.memory);
    found.push(`${asked} of memory, but ${owner(memory < whole.memory)} ${gibibytes(memory)}`);
  }
  return found.length === 0 ? undefined : `it asks for ${found.join('; for ')}: it runs alone`;
}

function owner(isLimited: boolean): string {
  return isLimited ? 'the cgroup or job of this run allows' : 'this machine has';
}
