/** Watches a folder for changes: by system events where available, and by polling. */
import { type FSWatcher, watch } from 'node:fs';

interface Notice {
  /** False if the system reports no changes here, and only the timer calls back. */
  readonly isTold: boolean;
  close(): void;
}

/** `rename`: the system's name for an entry that appears or disappears; `undefined`: the timer. */
type Change = 'rename' | 'change' | undefined;

/**
 * Calls back when the folder's entries may have changed: immediately on a system event, and on a
 * timer for network folders and for changes without an event, such as the death of a lock's holder.
 */
export function noticeChanges(
  folder: string,
  pollMs: number,
  onChange: (entry: string | null, change: Change) => void,
): Notice {
  let watcher = tryWatch(folder, onChange);
  watcher?.on('error', () => {
    watcher = undefined;
  });
  const timer = setInterval(() => onChange(null, undefined), pollMs);
  return {
    get isTold() {
      return watcher !== undefined;
    },
    close() {
      clearInterval(timer);
      watcher?.close();
    },
  };
}

/** If a watch fails (too many, or not supported), the timer does the work. */
function tryWatch(
  folder: string,
  onEntry: (entry: string | null, change: Change) => void,
): FSWatcher | undefined {
  try {
    const watcher = watch(folder, (change, entry) => onEntry(entry, change));
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

export interface Wait {
  /**
   * Resolves when something may have changed since the last call; rejects when the signal aborts. A
   * change between two calls is not lost: the next call resolves immediately.
   */
  next(signal?: AbortSignal): Promise<void>;
  close(): void;
}

/** Like `noticeChanges`, as a promise, for the entries that concern the caller. */
export function waitForChanges(
  folder: string,
  pollMs: number,
  concerns: (entry: string) => boolean = () => true,
): Wait {
  let changed = false;
  let wake = () => {};
  const notice = noticeChanges(folder, pollMs, (entry) => {
    if (entry !== null && !concerns(entry)) return;
    changed = true;
    wake();
  });
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
    close: () => notice.close(),
  };
}
