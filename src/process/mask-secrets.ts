/** Masks secret values in bytes and texts, however a stream is split into chunks. */
import { unicodeEscape } from '../printable.js';
import { bytesOf } from '../sys/raw-text.js';

const MASK = '***';

/** A line of a multi-line secret counts as a secret if it is too long to occur by chance. */
const LONG_LINE = 8;

/** A shorter part of an encoded secret could occur by chance. */
const LONG_CODE = 8;

/** Colours, cursor moves and character sets: a terminal shows the text around such a sequence as one word. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern removes them.
const SEQUENCE = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[()*+][0-9A-Za-z])/g;

/** An incomplete sequence; longer ones are not sequences. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern removes them.
const BEGUN = /\x1b(?:\[[0-?]{0,60}[ -/]{0,4}|[()*+])?$/;

/** All texts to mask: the values, the lines of multi-line values, and their encodings. */
function secretTexts(values: readonly string[]): string[] {
  const plain = values.flatMap((value) => [value, value.trim(), ...longLines(value)]);
  const texts = [...new Set(plain.filter((text) => text.length > 0))];
  return [...new Set(texts.flatMap((text) => [text, ...encodings(text)]))];
}

function longLines(value: string): string[] {
  return value.split(/\r?\n/).filter((line) => line.length >= LONG_LINE);
}

/** Encodings in JSON, URLs, HTML and Base64. Base64 depends on the preceding text. */
function encodings(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const ascii = json.replace(/[^ -~]/g, unicodeEscape);
  const url = encodeURIComponent(Buffer.from(text).toString());
  const strict = url.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  const form = new URLSearchParams([['', text]]).toString().slice(1);
  const urls = [url, strict, strict.replaceAll('%2F', '/')].flatMap((each) => [
    each,
    each.replaceAll('%20', '+'),
  ]);
  return [
    json,
    ascii,
    json.replaceAll('/', '\\/'),
    json.replace(/[<>&]/g, unicodeEscape),
    ...[...urls, form].flatMap((each) => [
      each.replace(/%../g, (code) => code.toUpperCase()),
      each.replace(/%../g, (code) => code.toLowerCase()),
    ]),
    text.replace(/[&<>"']/g, (char) => `&${HTML[char]};`),
    ...[0, 1, 2].flatMap((shift) => base64(text, shift)),
  ];
}

const HTML: Readonly<Record<string, string>> = {
  '&': 'amp',
  '<': 'lt',
  '>': 'gt',
  '"': 'quot',
  "'": '#39',
};

/** The Base64 digits that depend only on the text, if it follows `shift` bytes. */
function base64(text: string, shift: number): string[] {
  const bytes = Buffer.from(text);
  const first = shift === 0 ? 0 : shift + 1;
  const digits = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  const core = digits.slice(first, Math.floor(((shift + bytes.length) * 8) / 6));
  if (core.length < LONG_CODE) return [];
  return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
}

export function maskText(text: string, values: readonly string[]): string {
  return values.length === 0 ? text : createMask(values)(text);
}

/** Like `mask`, for many texts. */
export function createMask(values: readonly string[]): (text: string) => string {
  const secrets = byteTexts(values);
  return (text) => {
    const mask = maskerOf(secrets);
    return Buffer.concat([mask(Buffer.from(text)), mask()]).toString();
  };
}

/**
 * Returns a function from chunks to masked output; a call without a chunk returns the rest. Masks
 * every byte of an occurrence of a secret, overlaps included; each run of such bytes becomes one
 * `***`, and colours within it are kept. Holds back only an end that may be the start of a secret.
 */
export function masker(values: readonly string[]): (chunk?: Buffer) => Buffer {
  return maskerOf(byteTexts(values));
}

/** One character for each byte, so that a chunk may end within a character. */
function byteTexts(values: readonly string[]): string[] {
  return secretTexts(values).map((text) => bytesOf(text).toString('latin1'));
}

function maskerOf(secrets: readonly string[]): (chunk?: Buffer) => Buffer {
  let held = '';
  /** Number of visible bytes of `held` known to be secret. */
  let covered = 0;
  let inMask = false;

  return (chunk) => {
    const text = held + (chunk?.toString('latin1') ?? '');
    const { visible, at, end } = visibleIn(text, chunk === undefined);
    const isSecret = coverage(visible, secrets).fill(1, 0, covered);
    const shownUntil = chunk ? visible.length - heldBack(visible, secrets) : visible.length;
    let shown = '';
    let from = 0;
    for (let index = 0; index < shownUntil; ) {
      const kind = isSecret[index] === 1 ? 1 : 0;
      const first = at(index);
      const change = isSecret.indexOf(1 - kind, index);
      index = change < 0 ? shownUntil : Math.min(change, shownUntil);
      const last = at(index - 1) + 1;
      shown += text.slice(from, first);
      if (kind === 0) shown += text.slice(first, last);
      else shown += (inMask ? '' : MASK) + (text.slice(first, last).match(SEQUENCE) ?? []).join('');
      inMask = kind === 1;
      from = last;
    }
    const until = shownUntil < visible.length ? at(shownUntil) : end;
    shown += text.slice(from, until);
    held = text.slice(until);
    covered = leadingOnes(isSecret, shownUntil);
    return Buffer.from(shown, 'latin1');
  };
}

/** The visible part of a text, as a terminal shows it. */
interface Visible {
  readonly visible: string;
  /** Position in the text of a visible character. */
  readonly at: (index: number) => number;
  /** Start of an incomplete sequence at the end; the text's end if there is none. */
  readonly end: number;
}

function visibleIn(text: string, isWhole: boolean): Visible {
  if (!text.includes('\x1b')) return { visible: text, at: (index) => index, end: text.length };
  const end = isWhole ? text.length : (BEGUN.exec(text)?.index ?? text.length);
  /** Start of each stretch between sequences, in the visible text and in the text. */
  const stretches: { readonly start: number; readonly place: number }[] = [];
  let visible = '';
  let from = 0;
  const add = (until: number) => {
    if (until > from) stretches.push({ start: visible.length, place: from });
    visible += text.slice(from, until);
  };
  for (const { index, 0: sequence } of text.slice(0, end).matchAll(SEQUENCE)) {
    add(index);
    from = index + sequence.length;
  }
  add(end);
  const at = (index: number) => {
    const { start, place } = stretches.findLast((each) => each.start <= index) ?? NOWHERE;
    return place + index - start;
  };
  return { visible, at, end };
}

const NOWHERE = { start: 0, place: 0 };

/** 1 for each byte of any occurrence of any secret. */
function coverage(text: string, secrets: readonly string[]): Uint8Array {
  const marks = new Uint8Array(text.length);
  for (const secret of secrets) {
    for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1))
      marks.fill(1, at, at + secret.length);
  }
  return marks;
}

/** Length of the longest end of the text that is the start of a secret. */
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
