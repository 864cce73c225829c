/** Finds the items that made a removed temporary out: they run again before an item that reads it. */
import type { Item } from '../pipeline/plan.js';
import type { Project } from './project.js';
import { readsTemps } from './temp-outs.js';

/** Items that the reader needs and whose temporary outs are gone. */
export function absentMakers(
  { plan, cache }: Pick<Project, 'plan' | 'cache'>,
  index: number,
): number[] {
  const reader = plan.items[index] as Item;
  return reader.needs.filter((need) => {
    const maker = plan.items[need] as Item;
    const isAbsent = maker.outs.some(({ path, temp }) => temp && !cache.exists(path));
    return isAbsent && readsTemps(reader, maker);
  });
}
