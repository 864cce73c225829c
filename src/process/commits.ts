/**
 * The runner's side of the epoch protocol: notices what a stage commits and hands it over in order,
 * one at a time. Unaware of how an epoch is stored; that its folder is gone afterwards tells the
 * stage that it is.
 */
import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { noticeChanges } from '../stage/notice.js';

export interface CommitWatchOptions {
  /** PIPE_COMMIT. */
  readonly folder: string;
  /** Epochs completed before. */
  readonly completed: number;
  /** The epoch to reach. */
  readonly target: number;
  /** Stores epoch `epoch`, then makes its folder vanish. The next one comes when it has resolved. */
  readonly onCommit: (epoch: number, folder: string) => Promise<void>;
  /** The first thing that goes wrong: a CommitMistake of the stage, or what `onCommit` threw. Nothing is handed over after it. */
  readonly onFailure: (error: Error) => void;
}

/** The stage broke the protocol; the message says how, and what it should do. */
export class CommitMistake extends Error {
  override readonly name = 'CommitMistake';
}

export interface CommitWatch {
  /** Looks a last time, to be called when the process has ended; resolves when all is handed over. */
  drain(): Promise<void>;
}

/** For file systems that do not tell of changes. */
const POLL_MS = 100;

export function watchCommits(options: CommitWatchOptions): CommitWatch {
  const { folder, target, onCommit, onFailure } = options;
  let { completed } = options;
  let failed = false;

  const takeAll = async () => {
    for (;;) {
      const next = nextCommit(folder, completed, target);
      if (next === undefined) return;
      await onCommit(next, join(folder, String(next)));
      completed = next;
    }
  };
  // One look after another; a look that has not begun yet sees also what came after it was asked for.
  let work = Promise.resolve();
  let asked = false;
  const look = () => {
    if (asked) return;
    asked = true;
    work = work.then(async () => {
      asked = false;
      if (failed) return;
      try {
        await takeAll();
      } catch (error) {
        failed = true;
        onFailure(error as Error);
      }
    });
  };
  const watch = noticeChanges(folder, POLL_MS, look);
  look();
  return {
    async drain() {
      watch.close();
      look();
      await work;
    },
  };
}

/** The epoch that is to be stored now. */
function nextCommit(folder: string, completed: number, target: number): number | undefined {
  const found = committed(folder);
  const first = found[0];
  const next = completed + 1;
  if (first === undefined) return undefined;
  if (first <= completed) throw repeated(first, completed);
  const beyond = found.find((epoch) => epoch > target);
  if (beyond !== undefined)
    throw new CommitMistake(
      `epoch ${beyond} was committed, but PIPE_EPOCHS asks for ${target}: end after epoch ${target}`,
    );
  // It may have been put there while the folder was being listed.
  if (first !== next && !existsSync(join(folder, String(next)))) throw skipped(first, next);
  if (!lstatSync(join(folder, String(next))).isDirectory())
    throw new CommitMistake(
      `epoch ${next} was committed as a file: make it a folder that holds the state`,
    );
  return next;
}

function repeated(epoch: number, completed: number): CommitMistake {
  const epochs = completed === 1 ? 'epoch 1 is' : `epochs 1 to ${completed} are`;
  return new CommitMistake(
    `epoch ${epoch} was committed again, but ${epochs} completed already: continue with ${completed + 1}`,
  );
}

function skipped(epoch: number, next: number): CommitMistake {
  return new CommitMistake(
    `epoch ${epoch} was committed, but epoch ${next} was not: epochs come one after another (PIPE_EPOCH says how many are completed)`,
  );
}

/** The epochs whose folders are there, in order. Any name that is no number belongs to the stage. */
function committed(folder: string): number[] {
  const names = readdirSync(folder).filter((name) => /^\d+$/.test(name));
  const padded = names.find((name) => String(Number(name)) !== name);
  if (padded !== undefined)
    throw new CommitMistake(
      `"${padded}" was committed: name the folder ${Number(padded)}, without leading zeros`,
    );
  return names.map(Number).sort((a, b) => a - b);
}

/**
 * At the start of an execution, takes over what an earlier one had committed when it was killed:
 * the epochs that follow the completed ones. Everything else in the folder goes: half-built states,
 * and epochs that are stored already. Gives the number of epochs that are completed then.
 */
export async function takeOverCommits(
  folder: string,
  completed: number,
  onCommit: (epoch: number, folder: string) => Promise<void>,
): Promise<number> {
  let reached = completed;
  for (;;) {
    const next = join(folder, String(reached + 1));
    if (!existsSync(next) || !lstatSync(next).isDirectory()) break;
    await onCommit(reached + 1, next);
    reached++;
  }
  for (const name of readdirSync(folder))
    rmSync(join(folder, name), { recursive: true, force: true });
  return reached;
}
