/** Errors that are the user's to cure: said in plain words, without a stack of ours. */

/**
 * An error to throw for a wrong parameter, an unusable source, a damaged download. `cure` says what
 * to do about it. What is thrown otherwise is a bug of ours and keeps its stack.
 */
export function mistake(message: string, cure?: string, cause?: unknown): Error {
  const text = cure === undefined ? message : `${message}\n  ${cure}`;
  const error = new Error(text, cause === undefined ? undefined : { cause });
  error.name = 'Mistake';
  error.stack = text;
  return error;
}

/** Whether the user can cure it; anything else is to be thrown on. */
export function isMistake(thrown: unknown): thrown is Error {
  return thrown instanceof Error && thrown.name === 'Mistake';
}

/** The message of whatever was thrown, its first line alone. */
export function firstLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.split('\n', 1)[0] ?? '';
}
