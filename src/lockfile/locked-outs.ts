/** The outs that pipeline.lock names: a clone that git filled has them without a record of them. */
import type { RecordedOut } from '../cache/records/record.js';
import { UserError } from '../error.js';
import { addTo, oncePer } from '../lists.js';
import type { LockedProject } from './format/sections.js';
import { readLockFile } from './lock-on-disk.js';

/** The outs of an item in every section, because git may have those of another profile. */
export function lockedOuts(project: LockedProject, item: string): readonly RecordedOut[] {
  return outsByItem(project).get(item) ?? [];
}

/** Read once in a run: what the run itself records is in the cache. */
const outsByItem = oncePer((project: LockedProject) => {
  const found = new Map<string, RecordedOut[]>();
  for (const section of sectionsOf(project))
    for (const [item, { outs }] of section)
      for (const [name, out] of Object.entries(outs)) addTo(found, item, { name, ...out });
  return found;
});

/** The run itself reports an unreadable file: before its first item, or when it writes the file. */
function sectionsOf(project: LockedProject) {
  try {
    return readLockFile(project)?.values() ?? [];
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}
