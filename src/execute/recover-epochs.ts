/** Recovers epochs that a process committed but whose run died before storing them. */
import path from 'node:path';
import { UnusableFile } from '../cache/files/file-errors.js';
import type { ItemHandle } from '../decide/build-context.js';
import { wasLeftWhole } from '../process/whole-commits.js';
import { lstatIfThere } from '../sys/if-there.js';

/**
 * Stores complete commits that follow the recorded epochs without a gap, if all inputs are as the
 * process found them. A chain that starts again recovers nothing. Deletes all other commits, so
 * that no later run finds them.
 */
export async function recoverEpochs(
  handle: ItemHandle,
  chain: string,
  fromStart: boolean,
): Promise<void> {
  const { chains } = handle.cache;
  const recorded = new Set(chains.readEpochs(chain).map((record) => record.epoch));
  const pending = chains.pendingCommits(chain);
  const isFounded = pending.length > 0 && (await chains.inputsLieAsNoted(chain));
  const commits = chains.commitFolder(chain);
  const note = chains.commitNote(chain);
  const seconds = secondsOf(commits, pending);
  for (const epoch of pending) {
    const isNext = !fromStart && isFounded && (epoch === 1 || recorded.has(epoch - 1));
    const reason = isNext ? await take(epoch) : undefined;
    if (isNext && reason === undefined) recorded.add(epoch);
    else chains.dropCommit(chain, epoch);
    if (reason !== undefined) handle.warn(`${reason}: the epoch is computed again`);
  }
  chains.clearDrafts(chain);

  /** Undefined if the epoch is stored; else the reason why not. */
  async function take(epoch: number): Promise<string | undefined> {
    if (!wasLeftWhole(commits, epoch, note))
      return `the folder of epoch ${epoch} that an earlier run left may not have been renamed to $PIPE_COMMIT/${epoch} as a whole`;
    try {
      await chains.storeEpoch(chain, epoch, seconds.get(epoch));
      return undefined;
    } catch (error) {
      if (error instanceof UnusableFile) return error.message;
      throw error;
    }
  }
}

/**
 * The durations are lost with the dead run. The times of the folders give all durations except the
 * first. The estimate for the first is that of the previous epoch, or for epoch 1 that of the next.
 */
function secondsOf(folder: string, pending: readonly number[]): Map<number, number> {
  const times = new Map(
    pending.map((epoch) => [epoch, lstatIfThere(path.join(folder, String(epoch)))?.mtimeMs]),
  );
  const seconds = new Map<number, number>();
  for (const epoch of pending) {
    const [from, to] = [times.get(epoch - 1), times.get(epoch)];
    if (from !== undefined && to !== undefined && to > from) seconds.set(epoch, (to - from) / 1000);
  }
  const second = seconds.get(2);
  if (second !== undefined) seconds.set(1, second);
  return seconds;
}
