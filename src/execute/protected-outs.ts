/** Outs with `protected: true`: a run neither overwrites nor removes them. */
import { unusable } from '../cache/files/file-errors.js';
import type { RecordedOut } from '../cache/records/record.js';
import type { ItemHandle } from '../decide/build-context.js';
import type { Out } from '../pipeline/plan.js';

/**
 * Files that an execution without a result left at an out are not protected, and are cleared as
 * usual.
 *
 * @param stored the record to restore; absent: the item would run, which first removes its outs
 * @throws UnusableFile for the first protected out that would be lost
 */
export async function refuseToReplace(
  { item, cache }: ItemHandle,
  outs: readonly Out[],
  stored?: readonly Pick<RecordedOut, 'name' | 'digest'>[],
): Promise<void> {
  for (const out of outs.filter((each) => each.protected)) {
    if (!cache.exists(out.path)) continue;
    const digest = (await cache.scan(out.path, { again: true }))?.digest;
    const own = (list: typeof stored) => list?.some((each) => isSame(each, out, digest)) === true;
    if (own(stored)) continue;
    if (cache.state.readAttempt(item.id) !== undefined && !own(cache.state.readLast(item.id)?.outs))
      continue;
    throw unusable(
      out.path,
      `is protected, and ${stored === undefined ? 'this run' : 'restoring the recorded result'} would replace it`,
      `\`pipe why ${item.id}\` says what changed: undo that, or give the out another path; to let pipe replace ${out.path}, move it away or remove \`protected: true\``,
    );
  }
}

function isSame(
  { name, digest }: Pick<RecordedOut, 'name' | 'digest'>,
  out: Out,
  found: string | undefined,
): boolean {
  return name === out.name && digest === found;
}
