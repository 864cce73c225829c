/** Gc of everything that is not a result: logs, and user files that an out replaced. */

import type { CacheContext } from '../files/cache-context.js';
import { notDeleted } from '../files/scratch-folder.js';
import type { Sweeper } from '../objects/sweeper.js';
import { KEPT_DAYS, type ReplacedFolder, replacedFolders } from '../records/replaced.js';
import type { GcLedger, Removed } from './gc-ledger.js';
import { itemOf, type NeededLogs, type StoredLog, storedLogs } from './log-retention.js';

/** Replaced user files younger than this are kept, even above the size limit. */
const REPLACED_STAY_MS = 86_400_000;

/** The logs and replaced files at the start of the collection. */
export class GcFiles {
  readonly #warn: (message: string) => void;
  readonly #sweeper: Sweeper;
  readonly #ledger: GcLedger;
  /** By the clock of the cache's file system. */
  readonly #now: number;
  readonly #logs: readonly StoredLog[];
  #replaced: readonly ReplacedFolder[];

  constructor({ layout, warn }: CacheContext, sweeper: Sweeper, ledger: GcLedger, now: number) {
    this.#warn = warn;
    this.#sweeper = sweeper;
    this.#ledger = ledger;
    this.#now = now;
    this.#replaced = replacedFolders(layout.replaced);
    this.#logs = storedLogs(layout);
    for (const { bytes } of [...this.#replaced, ...this.#logs]) ledger.found(bytes);
  }

  /**
   * Removes logs that are not needed and that no running process writes to: those before `oldest`,
   * then as many as exceed `maxSize`. `since`: the earliest time at which a living process began to
   * write logs.
   */
  removeLogs(
    needed: NeededLogs,
    { since, oldest, maxSize }: { since: number; oldest: number; maxSize: number },
  ): void {
    for (const log of this.#logs) {
      const isOld = log.written < oldest;
      // Empty logs hold no information, and there may be many.
      const isWanted = !isOld && this.#ledger.bytes <= maxSize && (log.bytes > 0 || log.isNewest);
      if (isWanted || log.written >= since || needed.has(log)) continue;
      this.#sweeper.removeFile(log.file);
      this.#ledger.freed(log.bytes);
      const reason = isOld ? 'too old' : 'over the size limit';
      if (log.bytes > 0) this.#ledger.noteLog(itemOf(log.folder), log.bytes, reason);
    }
  }

  /** Removes replaced user files that were kept for the promised time. */
  removeOldReplaced(): void {
    const oldest = this.#now - KEPT_DAYS * 86_400_000;
    this.#removeReplaced((folder) => folder.moved < oldest, 'too old');
  }

  /**
   * Removes other replaced files that exceed `maxSize`. They go last, because nothing can recompute
   * them.
   */
  removeReplaced(maxSize: number): void {
    const newest = this.#now - REPLACED_STAY_MS;
    this.#removeReplaced(
      (folder) => this.#ledger.bytes > maxSize && folder.moved < newest,
      'over the size limit',
    );
  }

  /** Oldest first. */
  #removeReplaced(goes: (folder: ReplacedFolder) => boolean, reason: Removed['reason']): void {
    this.#replaced = this.#replaced.filter((folder) => {
      if (!goes(folder)) return true;
      const left = this.#sweeper.removeFolder(folder.path);
      if (left !== undefined) {
        this.#warn(notDeleted(left));
        return true;
      }
      this.#ledger.freed(folder.bytes);
      this.#ledger.note({ kind: 'replaced', name: folder.name, bytes: folder.bytes, reason });
      return false;
    });
  }
}
