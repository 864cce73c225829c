import { readFileSync, writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { withFile } from '../src/sys/open-file.js';
import { refusalMessage, systemMessage } from '../src/system-message.js';

function systemError(code: string, path?: string, syscall = 'open'): Error {
  return Object.assign(new Error(`${code}: as Node says it`), { code, syscall, path });
}

test('an error that the user can fix has a message in words, with the place', () => {
  expect(refusalMessage(systemError('EROFS', '/p/cache/x'))).toBe(
    'the file system is read-only: /p/cache/x (open)',
  );
  expect(refusalMessage(systemError('ENOSPC'))).toBe('no space left on the disk');
  expect(refusalMessage(systemError('EEXIST', '/p/file', 'mkdir'))).toBe(
    'there is a file where a folder is needed: /p/file (mkdir)',
  );
  expect(refusalMessage(systemError('EEXIST', '/p/file'))).toBeUndefined();
});

test('any other system error keeps its own message, and a bug has none', () => {
  let absent: unknown;
  try {
    readFileSync('/no such file');
  } catch (error) {
    absent = error;
  }
  expect(systemMessage(absent)).toMatch(/^ENOENT: no such file or directory/);
  expect(refusalMessage(absent)).toBeUndefined();
  expect(systemMessage(new TypeError('x is undefined'))).toBeUndefined();
  expect(refusalMessage('ENOSPC')).toBeUndefined();
});

test('a failed call on an open file names the file, so that it is clear which disk is full', () => {
  let full: unknown;
  try {
    withFile('/dev/full', 'w', (handle) => writeSync(handle, 'x'));
  } catch (error) {
    full = error;
  }
  expect(systemMessage(full)).toBe('no space left on the disk: /dev/full (write)');
});
