/** Text to stdout, stderr and the files of reports. What cannot be written is dropped, and never thrown. */
import { systemMessage } from '../system-message.js';

/** As much of a stream as is needed. */
export interface Stream {
  write(text: string): unknown;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): Stream;
}

/**
 * @param open makes the stream when it is first needed: what a run does not use, it need not wait for
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
 * Writes what a command has found, after its work.
 *
 * @returns false when the system refused it, which the user has been told
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
