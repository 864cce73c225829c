/** Follows the logs of one item: prints the newest one, and new output as it is written. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { waitForChanges } from '../stage/notice.js';
import { namesIn } from '../sys/if-there.js';

/** Fast enough for a reader; the system reports most changes at once. */
const POLL_MS = 200;

const CHUNK = 64 * 1024;

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
  const reader = new LogReader(file, onText);
  reader.read();
  reader.close();
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
  let current: { readonly file: string; readonly reader: LogReader } | undefined;
  try {
    while (!signal.aborted) {
      // Checked before reading, so that the last read includes everything that the process wrote.
      const goesOn = isRunning();
      current?.reader.read();
      const newest = logsIn(folder).at(-1);
      if (newest !== undefined && newest !== current?.file) {
        current?.reader.close();
        current = { file: newest, reader: new LogReader(newest, onText) };
        current.reader.read();
      }
      if (!goesOn) return;
      await wait.next();
    }
  } finally {
    current?.reader.close();
    wait.close();
  }
}

/** Continues reading from the last position. */
class LogReader {
  readonly #fd: number;
  readonly #onText: (text: string) => void;
  /** Holds back the first bytes of an incomplete character. */
  readonly #decoder = new StringDecoder('utf8');
  readonly #buffer = Buffer.alloc(CHUNK);

  constructor(file: string, onText: (text: string) => void) {
    this.#fd = openSync(file, 'r');
    this.#onText = onText;
  }

  read(): void {
    for (;;) {
      const bytes = readSync(this.#fd, this.#buffer, 0, CHUNK, null);
      if (bytes === 0) return;
      this.#onText(this.#decoder.write(this.#buffer.subarray(0, bytes)));
    }
  }

  close(): void {
    closeSync(this.#fd);
    const rest = this.#decoder.end();
    if (rest !== '') this.#onText(rest);
  }
}
