/** Masks secret values in a stream of bytes, however the stream is cut into chunks. */
import { bytesOf } from '../sys/raw-text.js';

const MASK = '***';

/** A line of a secret of several lines counts as a secret when it is long enough to be none by chance. */
const LONG_LINE = 8;

/** What must not appear: the values, and the lines of those that have several. */
export function secretTexts(values: readonly string[]): string[] {
  const lines = values.flatMap((value) => (value.includes('\n') ? value.split(/\r?\n/) : []));
  const texts = [...values, ...lines.filter((line) => line.length >= LONG_LINE)];
  return [...new Set(texts.filter((text) => text.length > 0))];
}

/**
 * Returns a function that takes chunks and gives what may be shown of them; with no chunk it gives
 * the rest at the end. Every byte that belongs to an occurrence of a secret is masked, overlaps
 * included, and each run of such bytes becomes one `***`. Only an end that may be the start of a
 * secret is held back.
 */
export function masker(values: readonly string[]): (chunk?: Buffer) => Buffer {
  // One character for each byte, so that a character cut in two does not matter.
  const secrets = secretTexts(values).map((text) => bytesOf(text).toString('latin1'));
  let held = '';
  /** So many bytes of `held` are known to be secret. */
  let covered = 0;
  let inMask = false;

  return (chunk) => {
    const text = held + (chunk?.toString('latin1') ?? '');
    const end = chunk ? text.length - heldBack(text, secrets) : text.length;
    const isSecret = coverage(text, secrets).fill(1, 0, covered);
    let shown = '';
    for (let at = 0; at < end; ) {
      const start = at;
      const kind = isSecret[at];
      while (at < end && isSecret[at] === kind) at++;
      if (kind === 0) shown += text.slice(start, at);
      else if (!inMask || start > 0) shown += MASK;
      inMask = kind === 1;
    }
    held = text.slice(end);
    covered = leadingOnes(isSecret, end);
    return Buffer.from(shown, 'latin1');
  };
}

export function maskText(text: string, values: readonly string[]): string {
  const mask = masker(values);
  return Buffer.concat([mask(Buffer.from(text)), mask()]).toString();
}

/** 1 for each byte of any occurrence of any secret. */
function coverage(text: string, secrets: readonly string[]): Uint8Array {
  const marks = new Uint8Array(text.length);
  for (const secret of secrets) {
    for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1))
      marks.fill(1, at, at + secret.length);
  }
  return marks;
}

/** How long the longest end of the text is that a secret starts with. */
function heldBack(text: string, secrets: readonly string[]): number {
  let longest = 0;
  for (const secret of secrets) {
    for (let size = Math.min(secret.length - 1, text.length); size > longest; size--) {
      if (text.endsWith(secret.slice(0, size))) longest = size;
    }
  }
  return longest;
}

function leadingOnes(marks: Uint8Array, from: number): number {
  const end = marks.indexOf(0, from);
  return (end < 0 ? marks.length : end) - from;
}
