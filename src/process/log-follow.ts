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

/** Receives a piece of a log. The next one is read when it is done, so that no log is in memory. */
type OnText = (text: string) => Promise<void>;

/** Passes on a complete log in pieces. */
export async function readLog(file: string, onText: OnText, signal: AbortSignal): Promise<void> {
  const tail = new TextTail(file);
  await passOn(tail, onText, signal);
  await onText(tail.rest());
}

async function passOn(tail: TextTail, onText: OnText, signal: AbortSignal): Promise<void> {
  for (const text of tail.pieces()) {
    if (signal.aborted) return;
    await onText(text);
  }
}

/**
 * Like `readLog`, then follows until nothing runs any more. If another execution begins meanwhile
 * (a retry, a watch), its log is next.
 */
export async function followLogs(
  folder: string,
  isRunning: () => boolean,
  onText: OnText,
  signal: AbortSignal,
): Promise<void> {
  const wait = waitForChanges(folder, POLL_MS);
  let current: { readonly file: string; readonly tail: TextTail } | undefined;
  try {
    while (!signal.aborted) {
      // Checked before reading, so that the last read includes everything that the process wrote.
      const continues = isRunning();
      if (current !== undefined) await passOn(current.tail, onText, signal);
      const newest = logsIn(folder).at(-1);
      if (newest !== undefined && newest !== current?.file) {
        await onText(current?.tail.rest() ?? '');
        current = { file: newest, tail: new TextTail(newest) };
        await passOn(current.tail, onText, signal);
      }
      if (!continues) return;
      await wait.next();
    }
  } finally {
    await onText(current?.tail.rest() ?? '');
    wait.close();
  }
}
