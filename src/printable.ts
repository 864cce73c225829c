/** Text of others on our terminal: nothing in it moves the cursor, sets a title or fills the clipboard. */
import { stripVTControlCharacters } from 'node:util';

/** All of C0 and C1 but tab and line feed. Letters that turn the direction of what follows are none of a name. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern removes them.
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** True when it was decoded of bytes that are not UTF-8: what they were is lost. */
export function isDamagedText(text: string): boolean {
  return text.includes('\uFFFD');
}

/** Lines stay lines. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(CONTROL, '');
}

/** A sequence of which the end is still to come. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern removes them.
const BEGUN = /^\x1b(?:\[[0-?]*[ -/]*|[\]P^_X][^\x07]*)?$/;

/** A sequence that is longer than this is none, or one that nobody needs. */
const LONGEST_SEQUENCE = 256;

/**
 * Returns a function that takes a text in pieces and gives what may be shown of them; without a piece,
 * the rest. A carriage return stays: a progress bar writes over itself, and can do no more.
 */
export function printer(): (piece?: string) => string {
  let held = '';
  return (piece) => {
    const text = held + (piece ?? '');
    const last = text.lastIndexOf('\x1b');
    const isCut =
      piece !== undefined &&
      last >= 0 &&
      text.length - last < LONGEST_SEQUENCE &&
      BEGUN.test(text.slice(last));
    held = isCut ? text.slice(last) : '';
    const whole = isCut ? text.slice(0, last) : text;
    return whole.split('\r').map(printable).join('\r');
  };
}

/** The same value with all texts in it changed, names of fields included; those of the fields `kept` stay. */
export function mapTexts<T>(
  value: T,
  change: (text: string) => string,
  kept: ReadonlySet<string> = new Set(),
): T {
  const map = (each: unknown): unknown => {
    if (typeof each === 'string') return change(each);
    if (Array.isArray(each)) return each.map(map);
    if (typeof each !== 'object' || each === null) return each;
    return Object.fromEntries(
      Object.entries(each).map(([name, inner]) =>
        kept.has(name) ? [name, inner] : [change(name), map(inner)],
      ),
    );
  };
  return map(value) as T;
}

/** JSON that may go to a terminal: what it would obey is escaped, and the value is the same. */
export function jsonText(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent);
  return text.replace(CONTROL, unicodeEscape);
}

/** As JSON writes a character in ASCII. */
export function unicodeEscape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
