/** Follows the logs of one item: prints the newest one, and new output as it is written. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { waitForChanges } from '../stage/notice.js';
import { namesIn } from '../sys/if-there.js';
import { TextTail } from '../sys/open-file.js';

/** Fast enough for a reader; the system reports most changes at once. */
const POLL_MS = 200;

/** Paths of the logs in the folder, oldest first; their names are times. */
export function logsIn(folder: string): string[] {
  return namesIn(folder)
    .filter((name) => name.endsWith('.log'))
    .sort()
    .map((name) => join(folder, name));
}

/** Bytes of a log. */
export function sizeOfLog(file: string): number {
  return statSync(file).size;
}

/** Passes on a complete log in pieces. */
export function readLog(file: string, onText: (text: string) => void): void {
  const tail = new TextTail(file);
  tail.read(onText);
  onText(tail.rest());
}

/**
 * Like `readLog`, then follows until nothing runs any more. If another execution begins meanwhile
 * (a retry, a watch), its log is next.
 */
export async function followLogs(
  folder: string,
  isRunning: () => boolean,
  onText: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const wait = waitForChanges(folder, POLL_MS);
  let current: { readonly file: string; readonly tail: TextTail } | undefined;
  try {
    while (!signal.aborted) {
      // Checked before reading, so that the last read includes everything that the process wrote.
      const continues = isRunning();
      current?.tail.read(onText);
      const newest = logsIn(folder).at(-1);
      if (newest !== undefined && newest !== current?.file) {
        onText(current?.tail.rest() ?? '');
        current = { file: newest, tail: new TextTail(newest) };
        current.tail.read(onText);
      }
      if (!continues) return;
      await wait.next();
    }
  } finally {
    onText(current?.tail.rest() ?? '');
    wait.close();
  }
}
