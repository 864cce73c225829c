/**
 * The run's side of the epoch protocol: detects a stage's commits and passes them on in order, one
 * epoch at a time. Does not know how an epoch is stored. The stage sees that an epoch is stored
 * when its folder is gone.
 */
import { closeSync, existsSync, fstatSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { noticeChanges } from '../stage/notice.js';
import { lstatIfThere } from '../sys/if-there.js';
import { Arrivals } from './arrivals.js';
import { CommitMistake, type CommitNote, type Ending, Judge } from './whole-commits.js';

interface CommitWatchOptions {
  /** PIPE_COMMIT. */
  readonly folder: string;
  /** Epochs completed before. */
  readonly completed: number;
  /** The epoch to reach. */
  readonly target: number;
  /**
   * Saves the result of the check of a commit, for a run after a crash. Called before the commit is
   * stored.
   */
  readonly onNote?: (note: CommitNote) => void;
  /** Stores the epoch, then deletes its folder. The next commit waits until this resolves. */
  readonly onCommit: (epoch: number, folder: string) => Promise<void>;
  /** The stage broke the protocol, or storing failed: the process should end. Called once. */
  readonly onMistake: () => void;
}

export interface CommitWatch {
  /** How the stage broke the protocol, and what to do. Nothing is passed on after that. */
  readonly mistake: string | undefined;
  /**
   * Looks a last time; call when the process has ended. Resolves when everything is passed on;
   * rejects with the error of `onCommit`. Remaining commits were refused or, if the process failed,
   * may be incomplete.
   */
  drain(hasEndedWell?: boolean): Promise<void>;
  /** Stops watching. A store in progress continues. */
  close(): void;
}

/** For file systems that do not report changes. */
const POLL_MS = 100;

export function watchCommits(options: CommitWatchOptions): CommitWatch {
  const { folder, target, onNote, onCommit, onMistake } = options;
  let { completed } = options;
  let failure: Error | undefined;
  let ending: Ending = 'running';
  const looks = oneAtATime(async () => {
    if (failure) return;
    try {
      await takeAll();
    } catch (error) {
      failure = isReplaced() ? new CommitMistake(REPLACED) : (error as Error);
      onMistake();
    }
  });
  // While it is open, no other folder gets its inode number.
  const own = openSync(folder, 'r');
  const { ino } = fstatSync(own);
  const isReplaced = () => lstatIfThere(folder)?.ino !== ino;
  const notice = noticeChanges(folder, POLL_MS, (entry, change) => {
    if (entry !== null && change === 'rename') arrivals.record(entry);
    looks.request();
  });
  const arrivals = new Arrivals(folder);
  const judge = new Judge(folder, arrivals, () => notice.isTold, onNote);
  const takeAll = async () => {
    for (;;) {
      if (isReplaced()) throw new CommitMistake(REPLACED);
      const next = nextCommit(folder, completed, target);
      if (next === undefined) return;
      // The event that shows how it arrived may be pending.
      await eventsHeard();
      if (!judge.isWhole(next, ending)) return;
      await onCommit(next, join(folder, String(next)));
      completed = next;
    }
  };
  looks.request();
  return {
    get mistake() {
      return failure instanceof CommitMistake ? failure.message : undefined;
    },
    async drain(hasEndedWell = true) {
      await eventsHeard();
      notice.close();
      ending = hasEndedWell ? 'well' : 'badly';
      looks.request();
      await looks.done();
      if (failure && !(failure instanceof CommitMistake)) throw failure;
    },
    close() {
      notice.close();
      closeSync(own);
    },
  };
}

/**
 * Calls of `look`, one after another. A request during a queued call needs no call of its own: the
 * queued one also sees commits that arrive after it was requested.
 */
function oneAtATime(look: () => Promise<void>) {
  let work = Promise.resolve();
  let isQueued = false;
  return {
    request() {
      if (isQueued) return;
      isQueued = true;
      work = work.then(() => {
        isQueued = false;
        return look();
      });
    },
    done: () => work,
  };
}

const REPLACED =
  'the folder $PIPE_COMMIT was removed or replaced: rename finished folders into it, and leave the folder itself';

/** Reads all pending events: the event loop handles them between these two waits. */
async function eventsHeard(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The epoch to store next. Valid commits are passed on before an error is reported. */
function nextCommit(folder: string, completed: number, target: number): number | undefined {
  const found = committed(folder);
  const first = found[0];
  const next = completed + 1;
  if (first === undefined) return undefined;
  if (first <= completed) throw repeated(first, completed);
  if (next > target) throw beyond(first, target);
  // The epoch may have arrived while the folder was being listed.
  if (first !== next && !existsSync(join(folder, String(next)))) throw skipped(first, next);
  return next;
}

function beyond(epoch: number, target: number): CommitMistake {
  return new CommitMistake(
    `epoch ${epoch} was committed, but PIPE_EPOCHS is ${target}: end after epoch ${target}`,
  );
}

function repeated(epoch: number, completed: number): CommitMistake {
  if (epoch === 0)
    return new CommitMistake(
      `epoch 0 was committed: epochs count from 1, continue with ${completed + 1}`,
    );
  const epochs = completed === 1 ? 'epoch 1 is' : `epochs 1 to ${completed} are`;
  return new CommitMistake(
    `epoch ${epoch} was committed again, but ${epochs} completed already: continue with ${completed + 1}`,
  );
}

function skipped(epoch: number, next: number): CommitMistake {
  return new CommitMistake(
    `epoch ${epoch} was committed, but epoch ${next} was not: commit epochs in order (PIPE_EPOCH says how many are completed)`,
  );
}

/** The epochs whose folders exist, in order. A name that is not a number belongs to the stage. */
function committed(folder: string): number[] {
  const names = readdirSync(folder).filter((name) => /^\d+$/.test(name));
  const padded = names.find((name) => String(Number(name)) !== name);
  if (padded !== undefined)
    throw new CommitMistake(
      `"${padded}" was committed: name the folder ${Number(padded)}, without leading zeros`,
    );
  return names.map(Number).sort((a, b) => a - b);
}
