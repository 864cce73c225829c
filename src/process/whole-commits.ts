/**
 * Decides which commits are complete: renamed to their number after they were finished, as the
 * protocol requires.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Arrivals } from './arrivals.js';
import { type CommitLook, lookAtCommit } from './commit-look.js';
import { openForWriting } from './writers.js';

/** The stage broke the protocol. */
export class CommitMistake extends Error {}

/**
 * Longest time a commit may stay unclear while the process runs, because the process may be waiting
 * for the commit to be stored.
 */
const UNCLEAR_MS = 10_000;

/** The same for systems that do not report renames, where every small state is unclear. */
const UNTOLD_MS = 1_000;

/** What is known about the process that commits. */
export type Ending = 'running' | 'well' | 'badly';

/** The result of the check of a commit. */
export interface CommitNote {
  readonly epoch: number;
  /** Mark of the folder, if complete; '' while unclear. */
  readonly mark: string;
  /** True if the rename was seen. */
  readonly isRenamed: boolean;
}

interface Unclear {
  readonly print: string;
  readonly since: number;
}

/**
 * Distinguishes complete commits from those still being filled. Most are clear immediately: the
 * rename was seen, or their times prove it. But times have ticks, and a small state is built within
 * one. Such a commit waits until the stage continues or has succeeded, and nothing in it has
 * changed.
 */
export class Judge {
  readonly #folder: string;
  readonly #arrivals: Arrivals;
  readonly #isTold: () => boolean;
  readonly #onNote: (note: CommitNote) => void;
  /** Commits from before the watch do not belong to the running process. */
  readonly #before: ReadonlySet<string>;
  readonly #unclear = new Map<number, Unclear>();

  constructor(
    folder: string,
    arrivals: Arrivals,
    isTold: () => boolean,
    onNote: (note: CommitNote) => void = () => {},
  ) {
    this.#folder = folder;
    this.#arrivals = arrivals;
    this.#isTold = isTold;
    this.#onNote = onNote;
    this.#before = new Set(readdirSync(folder));
  }

  /**
   * False while it is unclear.
   *
   * @throws CommitMistake when the commit is incomplete, or stays unclear
   */
  isWhole(epoch: number, ending: Ending): boolean {
    const name = String(epoch);
    const folder = join(this.#folder, name);
    // Checked first, because a stage that continues has finished this commit.
    const continues = existsSync(join(this.#folder, String(epoch + 1))) || ending === 'well';
    const look = lookAtCommit(folder);
    if (look === undefined) return false;
    const isRenamed = this.#isSeenRenamed(name, look);
    this.#refuse(epoch, look, isRenamed);
    const open = ending === 'running' ? openForWriting(folder) : undefined;
    const isClear = isRenamed || this.#before.has(name) || (continues && !look.isEmpty);
    if (isClear && open === undefined) {
      this.#onNote({ epoch, mark: look.mark, isRenamed });
      return true;
    }
    // For a process that was killed in the middle of a commit, the kill is reported instead.
    if (ending === 'badly' || this.#mayWait(epoch, look, continues)) return false;
    if (open !== undefined) throw stillOpen(epoch, open);
    // If nothing can decide, a waiting stage must not wait forever.
    if (this.#isTold() || look.isEmpty) throw madeInPlace(epoch, look);
    return true;
  }

  #isSeenRenamed(name: string, look: CommitLook): boolean {
    return this.#arrivals.wasRenamed(name) === true || (look.isSealed && !look.isEmpty);
  }

  /** Throws for commits that are certainly wrong. */
  #refuse(epoch: number, look: CommitLook, isRenamed: boolean): void {
    if (!look.isFolder) throw noFolder(epoch, look);
    const before = this.#unclear.get(epoch);
    const hasMoved = before !== undefined && before.print !== look.print;
    const isMadeEmpty = look.isEmpty && this.#arrivals.wasRenamed(String(epoch)) === false;
    if (look.isLate || hasMoved || (isMadeEmpty && !isRenamed)) throw madeInPlace(epoch, look);
  }

  #mayWait(epoch: number, { print }: CommitLook, continues: boolean): boolean {
    const now = performance.now();
    const known = this.#unclear.get(epoch);
    if (known === undefined) this.#onNote({ epoch, mark: '', isRenamed: false });
    const { since } = known ?? { since: now };
    this.#unclear.set(epoch, { print, since });
    return !continues && now - since < (this.#isTold() ? UNCLEAR_MS : UNTOLD_MS);
  }
}

/** True if a commit that no run watched may be stored. Call when no process of its chain runs any more. */
export function wasLeftWhole(
  commits: string,
  epoch: number,
  note: CommitNote | undefined,
): boolean {
  const look = lookAtCommit(join(commits, String(epoch)));
  if (look?.isFolder !== true) return false;
  if (note?.epoch === epoch && note.mark === look.mark) return true;
  if (look.isLate) return false;
  if (note?.isRenamed === true) return true;
  if (look.isEmpty) return false;
  return look.isSealed || wentOn(commits, epoch);
}

/**
 * True if the stage has continued with the next epoch or a draft of it. Only a stage that renames
 * builds drafts.
 */
function wentOn(commits: string, epoch: number): boolean {
  return readdirSync(commits, { withFileTypes: true }).some(
    (entry) =>
      entry.name === String(epoch + 1) || (entry.isDirectory() && !/^\d+$/.test(entry.name)),
  );
}

function noFolder(epoch: number, { isLink }: CommitLook): CommitMistake {
  const what = isLink ? 'symbolic link' : 'file';
  return new CommitMistake(
    `epoch ${epoch} was committed as a ${what}: make it a folder that contains the state`,
  );
}

function madeInPlace(epoch: number, { isEmpty }: CommitLook): CommitMistake {
  return new CommitMistake(
    `epoch ${epoch} was ${isEmpty ? 'committed empty' : 'not committed in one step'}: ${howTo(epoch)}`,
  );
}

function stillOpen(epoch: number, file: string): CommitMistake {
  return new CommitMistake(
    `epoch ${epoch} was committed while ${file} was open for writing: close its files, then rename the folder to $PIPE_COMMIT/${epoch}`,
  );
}

/** The hint for a folder that was not renamed after it was complete. */
function howTo(epoch: number): string {
  return `build the folder as $PIPE_COMMIT/<any other name>, then rename it to $PIPE_COMMIT/${epoch} (in Python: os.rename)`;
}
