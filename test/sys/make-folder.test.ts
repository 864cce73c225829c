/** A folder with those above it is there in the end, or the system's error says why not. */
import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { makeFolder } from '../../src/sys/make-folder.js';

function ground(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'pipe-folder-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

it('makes all folders with the mode, and accepts those that exist', () => {
  const at = ground();
  for (const name of ['a/b/c', 'a/b', 'a//d/', 'a/b/../e/f']) {
    makeFolder(`${at}/${name}`, 0o700);
    expect([name, statSync(`${at}/${name}`).mode & 0o777]).toEqual([name, 0o700]);
  }
});

it('follows links, also before ..', () => {
  const at = ground();
  makeFolder(`${at}/real/deep`);
  symlinkSync('real/deep', `${at}/link`);
  makeFolder(`${at}/link/../made/below`);
  expect(existsSync(`${at}/real/made/below`)).toBe(true);
});

it.each([
  ['in a file system that takes none', '/proc/none/below', 'ENOENT'],
  ['that the system makes itself', '/proc/1000000000', 'ENOENT'],
  ['below a file', '@/file/below', 'ENOTDIR'],
  ['in place of a file', '@/file', 'EEXIST'],
  ['below a broken link', '@/broken/below', 'EEXIST'],
  ['with a name that is too long', `@/${'x'.repeat(300)}/below`, 'ENAMETOOLONG'],
])('reports one %s', (_name, folder, code) => {
  const at = ground();
  writeFileSync(`${at}/file`, '');
  symlinkSync('nowhere/at/all', `${at}/broken`);
  expect(() => makeFolder(folder.replace('@', at))).toThrow(expect.objectContaining({ code }));
});
