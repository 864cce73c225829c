/** Writes to stdout, stderr and report files. Drops output after a write error, without throwing. */
import { type EventEmitter, once } from 'node:events';
import { userError } from '../error.js';
import { statIfThere } from '../sys/if-there.js';
import { firstText } from '../sys/open-file.js';
import { systemMessage } from '../system-message.js';

/** The part of a stream that this module uses. */
interface Stream extends EventEmitter {
  readonly writableNeedDrain: boolean;
  write(text: string): unknown;
}

interface Output {
  readonly write: (text: string) => void;
  /** Resolves when the stream takes more without keeping it in memory, or has failed. */
  readonly drained: () => Promise<void>;
}

/**
 * @param open creates the stream on first use, so that a run only waits for streams that it uses
 * @param onFailed called with the first error; nothing is written after it
 */
export function outputTo(
  open: () => Stream,
  onFailed: (error: NodeJS.ErrnoException) => void,
): Output {
  let stream: Stream | undefined;
  let hasFailed = false;
  const onError = (error: NodeJS.ErrnoException) => {
    if (!hasFailed) onFailed(error);
    hasFailed = true;
  };
  return {
    write(text) {
      if (hasFailed) return;
      stream ??= open().on('error', onError);
      stream.write(text);
    },
    async drained() {
      if (hasFailed || stream?.writableNeedDrain !== true) return;
      await once(stream, 'drain').catch(() => {});
    },
  };
}

/**
 * Call before the work: a report replaces an earlier one, but no other file, such as pipeline.yaml.
 *
 * @param beginning of every file that this option writes
 * @throws UserError for a file with other content
 */
export function requireOwnFile(
  option: string,
  name: string,
  file: string,
  beginning: string,
): void {
  const stat = statIfThere(file);
  if (!stat?.isFile() || stat.size === 0 || firstText(file, beginning.length) === beginning) return;
  throw userError(
    'option-value',
    `${option} cannot be ${name}: the file exists, and ${option} did not write it`,
    'name another file, or remove this one',
  );
}

/**
 * Writes a command's report, after its work.
 *
 * @returns false when that failed, after reporting the error
 */
export function wrote(file: string, write: () => void, err: (text: string) => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    const message = systemMessage(error);
    if (message === undefined) throw error;
    err(`pipe: error: ${file} cannot be written: ${message}\n`);
    return false;
  }
}
