/** Errors that the user can fix. They are printed without a stack. */
import { inspect } from 'node:util';

const MISTAKE = 'Mistake';

/**
 * An error for a wrong parameter, an unusable source or a damaged download. `cure` says what to do.
 * Any other error is a bug, and keeps its stack.
 *
 * Every way to print it shows only its text: it has no cause, whose stack would be printed, and
 * `inspect` returns the text.
 */
export function mistake(message: string, cure?: string): Error {
  const text = cure === undefined ? message : `${message}\n  ${cure}`;
  const error = new Error(text);
  Object.defineProperty(error, 'name', { value: MISTAKE });
  Object.defineProperty(error, 'stack', { value: text });
  Object.defineProperty(error, inspect.custom, { value: () => text });
  return error;
}

/** True for an error that the user can fix. Throw any other again. */
export function isMistake(thrown: unknown): thrown is Error {
  return thrown instanceof Error && thrown.name === MISTAKE;
}

/** The first line of the message of any thrown value. */
export function firstLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.split('\n', 1)[0] ?? '';
}
