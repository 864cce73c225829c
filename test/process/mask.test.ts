/** Masking: no secret passes, in whatever chunks the bytes come, and everything else does. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { masker } from '../../src/process/mask.js';

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

test('a letter cut in two comes through whole', () => {
  const [first, ...rest] = Buffer.from('ü');
  expect(maskAll(['secret'], [Buffer.from([first as number]), Buffer.from(rest)])).toBe('ü');
});

test('what cannot be part of a secret is shown at once', () => {
  const mask = masker(['hunter2']);
  expect(mask(Buffer.from('epoch 3 of 8\nh')).toString()).toBe('epoch 3 of 8\n');
});

/** Letters of few kinds, so that secrets occur, overlap and repeat. */
const word = (minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom('a', 'b'), { minLength, maxLength }).map((letters) => letters.join(''));

/** Another way to the same result, on the whole text: marks each byte of each occurrence. */
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

test('however the text is cut, the result is that of the whole text', () => {
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
