/** Writes to stdout, stderr and report files. Drops output after a write error, without throwing. */
import { systemMessage } from '../system-message.js';

/** The part of a stream that this module uses. */
interface Stream {
  write(text: string): unknown;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): Stream;
}

/**
 * @param open creates the stream on first use, so that a run only waits for streams that it uses
 * @param onFailed called with the first error; nothing is written after it
 */
export function outputTo(
  open: () => Stream,
  onFailed: (error: NodeJS.ErrnoException) => void,
): (text: string) => void {
  let stream: Stream | undefined;
  let hasFailed = false;
  const onError = (error: NodeJS.ErrnoException) => {
    if (!hasFailed) onFailed(error);
    hasFailed = true;
  };
  return (text) => {
    if (hasFailed) return;
    stream ??= open().on('error', onError);
    stream.write(text);
  };
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
