/** Errors that are the user's to cure: said in plain words, without a stack of ours. */
import { inspect } from 'node:util';

const MISTAKE = 'Mistake';

/**
 * An error to throw for a wrong parameter, an unusable source, a damaged download. `cure` says what
 * to do about it. What is thrown otherwise is a bug of ours and keeps its stack.
 *
 * However it is printed, these words are all that is seen: it carries no cause, which would bring
 * the stack of another error, and its name is hidden from inspection.
 */
export function mistake(message: string, cure?: string): Error {
  const text = cure === undefined ? message : `${message}\n  ${cure}`;
  const error = new Error(text);
  Object.defineProperty(error, 'name', { value: MISTAKE });
  Object.defineProperty(error, 'stack', { value: text });
  Object.defineProperty(error, inspect.custom, { value: () => text });
  return error;
}

/** Whether the user can cure it; anything else is to be thrown on. */
export function isMistake(thrown: unknown): thrown is Error {
  return thrown instanceof Error && thrown.name === MISTAKE;
}

/** The message of whatever was thrown, its first line alone. */
export function firstLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.split('\n', 1)[0] ?? '';
}
