/** Notices changes in a folder: at once where the system tells, soon everywhere else. */
import { type FSWatcher, watch } from 'node:fs';

export interface Notice {
  /**
   * Resolves when something may have changed since the last call; rejects when the signal aborts.
   * What happens between two calls is not lost: the next one resolves at once.
   */
  next(signal?: AbortSignal): Promise<void>;
  close(): void;
}

/**
 * Starts to notice changes of the folder's entries; of the one named, when a name is given. The
 * timer serves network folders, where the system does not tell, and things without any event at
 * all, such as the death of a lock's holder.
 */
export function noticeChanges(folder: string, pollMs: number, name?: string): Notice {
  let changed = false;
  let wake = () => {};
  const notice = () => {
    changed = true;
    wake();
  };
  const watcher = tryWatch(folder, (entry) => {
    if (name === undefined || entry === null || entry === name) notice();
  });
  const timer = setInterval(notice, pollMs);
  return {
    async next(signal) {
      signal?.throwIfAborted();
      if (!changed) {
        await new Promise<void>((resolve, reject) => {
          const abort = () => reject(signal?.reason);
          signal?.addEventListener('abort', abort, { once: true });
          wake = () => {
            signal?.removeEventListener('abort', abort);
            resolve();
          };
        });
      }
      changed = false;
    },
    close() {
      clearInterval(timer);
      watcher?.close();
    },
  };
}

/** A watch that cannot be had (too many, or no such support) leaves the timer to do the work. */
function tryWatch(folder: string, onEntry: (entry: string | null) => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, (_event, entry) => onEntry(entry));
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
