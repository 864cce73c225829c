/** Makes foreign text safe for a terminal: it cannot move the cursor, set a title or fill the clipboard. */
import { stripVTControlCharacters } from 'node:util';

/** All of C0 and C1 except tab and line feed, and the characters that change the text direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern removes them.
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** True when the text was decoded from bytes that are not UTF-8: those bytes are lost. */
export function isDamagedText(text: string): boolean {
  return text.includes('\uFFFD');
}

/** Keeps line feeds. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(CONTROL, '');
}

/** An incomplete sequence at the end. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern removes them.
const BEGUN = /^\x1b(?:\[[0-?]*[ -/]*|[\]P^_X][^\x07]*)?$/;

/** Anything longer is not a sequence, or not needed. */
const LONGEST_SEQUENCE = 256;

/**
 * Returns a function from pieces of text to printable text; a call without a piece returns the rest.
 * Keeps carriage returns: a progress bar needs them, and they do no harm.
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

/** The value with all its texts mapped, including field names. Fields in `kept` stay unchanged. */
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

/** JSON for a terminal: escapes control characters without changing the value. */
export function jsonText(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent);
  return text.replace(CONTROL, unicodeEscape);
}

/** The JSON escape of a character. */
export function unicodeEscape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
