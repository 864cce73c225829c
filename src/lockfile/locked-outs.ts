/** The outs that pipeline.lock names: a clone that git filled has them without a record of them. */
import type { RecordedOut } from '../cache/records/record.js';
import { addTo, oncePer } from '../lists.js';
import type { LockedProject } from './format/sections.js';
import { soundLock } from './lock-on-disk.js';

/** The outs of an item in every section, because git may have those of another profile. */
export function lockedOuts(project: LockedProject, item: string): readonly RecordedOut[] {
  return outsByItem(project).get(item) ?? [];
}

const outsByItem = oncePer((project: LockedProject) => {
  const found = new Map<string, RecordedOut[]>();
  for (const section of soundLock(project).values())
    for (const [item, { outs }] of section)
      for (const [name, out] of Object.entries(outs)) addTo(found, item, { name, ...out });
  return found;
});
