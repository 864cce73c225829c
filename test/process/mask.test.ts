/** Masking: no secret gets through, however the bytes are split, and everything else does. */
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { masker } from '../../src/process/mask-secrets.js';

function maskAll(secrets: readonly string[], chunks: readonly (string | Buffer)[]): string {
  const mask = masker(secrets);
  const shown = chunks.map((chunk) => mask(Buffer.from(chunk as string)));
  return Buffer.concat([...shown, mask()]).toString('utf8');
}

test.each<[string, string[], string[], string]>([
  ['what is no secret passes', ['hunter2'], ['hello ', 'hunter'], 'hello hunter'],
  ['a secret in one chunk', ['hunter2'], ['key=hunter2;'], 'key=***;'],
  ['a secret over three chunks', ['hunter2'], ['key=hun', 'te', 'r2;'], 'key=***;'],
  ['a longer secret that starts as a shorter one', ['abc', 'abcdef'], ['-abc', 'def-'], '-***-'],
  ['the shorter one alone', ['abc', 'abcdef'], ['-abc', 'de-'], '-***de-'],
  ['secrets that overlap', ['aXb', 'Xbc'], ['-aXb', 'c-'], '-***-'],
  ['a secret that overlaps itself', ['aa'], ['-aaa', 'a', '-'], '-***-'],
  ['letters of several bytes, cut within one', ['größe'], ['die größe'], 'die ***'],
  ['several secrets', ['one', 'two'], ['one two three'], '*** *** three'],
  ['no secret at all', ['', ''], ['text'], 'text'],
  ['the long lines of a secret', ['-----BEGIN\nMIIEvQIBADAN\n{\n'], ['{ MIIEvQIBADAN'], '{ ***'],
])('%s', (_, secrets, chunks, shown) => {
  expect(maskAll(secrets, chunks)).toBe(shown);
});

test('a character split in two stays complete', () => {
  const [first, ...rest] = Buffer.from('ü');
  expect(maskAll(['secret'], [Buffer.from([first as number]), Buffer.from(rest)])).toBe('ü');
});

test('text that cannot be part of a secret is shown immediately', () => {
  const mask = masker(['hunter2']);
  expect(mask(Buffer.from('epoch 3 of 8\nh')).toString()).toBe('epoch 3 of 8\n');
});

/** Only a few different letters, so that secrets occur, overlap and repeat. */
const word = (minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom('a', 'b'), { minLength, maxLength }).map((letters) => letters.join(''));

/** A second implementation, on the whole text: marks each byte of each occurrence. */
function expected(secrets: readonly string[], text: string): string {
  const marks = [...text].map((_, at) =>
    secrets.some((secret) =>
      [...secret].some((__, within) => at >= within && text.startsWith(secret, at - within)),
    ),
  );
  return [...text]
    .map((char, at) => (marks[at] ? '\0' : char))
    .join('')
    .replace(/\0+/g, '***');
}

test('however the text is split, the result is the same as for the whole text', () => {
  fc.assert(
    fc.property(
      fc.array(word(1, 5), { minLength: 1, maxLength: 3 }),
      fc.array(word(0, 6), { maxLength: 8 }),
      (secrets, chunks) => {
        expect(maskAll(secrets, chunks)).toBe(expected(secrets, chunks.join('')));
      },
    ),
    { numRuns: 2000 },
  );
});

/** Texts as passwords, tokens, keys and connection strings are. */
const secretValue = fc
  .oneof(
    fc.string({ minLength: 8, maxLength: 40 }),
    fc.string({ unit: 'grapheme', minLength: 8, maxLength: 20 }),
    fc.base64String({ minLength: 8, maxLength: 64 }),
    fc.constantFrom('p:a/s+s w%rd', 'postgres://u:p@ss&word@host/db?x=1', 'it\'s <b>"bold"</b>'),
  )
  .filter((value) => Buffer.byteLength(value.trim()) >= 8);

const ENCODINGS: Readonly<Record<string, (value: string) => string>> = {
  'as it is': (value) => value,
  JSON: (value) => JSON.stringify(value).slice(1, -1),
  'a URL': (value) => encodeURIComponent(value),
  'a form': (value) => new URLSearchParams([['', value]]).toString().slice(1),
  HTML: (value) =>
    value.replace(
      /[&<>"']/g,
      (char) => `&${{ '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": '#39' }[char]};`,
    ),
  Base64: (value) => Buffer.from(value).toString('base64'),
  'Base64 after a name': (value) => Buffer.from(`me:${value}`).toString('base64'),
  'Base64 for URLs': (value) => Buffer.from(`u:${value}:`).toString('base64url'),
};

/** Splits a text at the random places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => Math.floor(place * bytes.length)), bytes.length];
  return ends.sort((a, b) => a - b).map((end, at, all) => bytes.subarray(all[at - 1] ?? 0, end));
}

const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });

test('an encoded secret is masked in every spelling', () => {
  fc.assert(
    fc.property(
      secretValue,
      fc.constantFrom(...Object.keys(ENCODINGS)),
      places,
      (value, encoding, cuts) => {
        const encoded = ENCODINGS[encoding]?.(value) as string;
        const shown = maskAll([value], cut(Buffer.from(`<<<${encoded}>>>`), cuts));
        expect(shown).toContain('***');
        // In Base64, up to three digits at each end also depend on other bytes.
        const core = encoded.length < 16 ? encoded : encoded.slice(4, -4);
        expect(shown.replaceAll('***', '')).not.toContain(core);
      },
    ),
    { numRuns: 1000 },
  );
});

function coloursIn(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern removes them.
  return text.match(/\x1b(?:\[[0-9;]*[mK]|\(B)/g) ?? [];
}

test('a secret with colours in it is masked, and the colours stay', () => {
  const colour = fc.constantFrom('\x1b[31m', '\x1b[0m', '\x1b[1;38;5;9m', '\x1b[K', '\x1b(B');
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 2, maxLength: 6 }),
      fc.array(fc.tuple(fc.nat(8), colour), { maxLength: 4 }),
      places,
      (value, colours, cuts) => {
        const letters = [...`<${value}>`];
        for (const [at, sequence] of colours) letters[at % letters.length] += sequence;
        const text = letters.join('');
        const shown = maskAll([value], cut(Buffer.from(text), cuts));
        expect(stripVTControlCharacters(shown)).toBe('<***>');
        expect(coloursIn(shown)).toEqual(coloursIn(text));
      },
    ),
    { numRuns: 1000 },
  );
});
