/** Text to stdout or stderr. What cannot be written is dropped, and never thrown. */

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
