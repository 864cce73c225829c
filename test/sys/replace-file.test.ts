/** Replaces a file as a whole, beside other writers. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { replaceFile } from '../../src/sys/replace-file.js';

function fileInNewFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'pipe-replace-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 'file');
}

const parts = (...texts: string[]) => texts.map((text) => Buffer.from(text));

it('does not mix with another writer of the same pid, as in a second container', () => {
  const file = fileInNewFolder();
  let meanwhile = '';
  function* interrupted(): Generator<Uint8Array> {
    yield* parts('first, ');
    replaceFile(file, parts('the other one'));
    meanwhile = readFileSync(file, 'utf8');
    yield* parts('second');
  }
  replaceFile(file, interrupted());
  expect(meanwhile).toBe('the other one');
  expect(readFileSync(file, 'utf8')).toBe('first, second');
  expect(readdirSync(path.dirname(file))).toEqual(['file']);
});

it('keeps the old content if it fails, and leaves nothing else', () => {
  const file = fileInNewFolder();
  writeFileSync(file, 'old');
  function* failing(): Generator<Uint8Array> {
    yield* parts('half');
    throw new Error('no more');
  }
  expect(() => replaceFile(file, failing())).toThrow('no more');
  expect(readFileSync(file, 'utf8')).toBe('old');
  expect(readdirSync(path.dirname(file))).toEqual(['file']);
});
