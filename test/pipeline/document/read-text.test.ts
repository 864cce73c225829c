/** A text from which a plan is made, at a path that is not a regular file. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readText } from '../../../src/pipeline/document/read-text.js';

it.each([
  ['mkdir', 'params.yaml is a folder, not a file'],
  ['mkfifo', 'params.yaml is not a file, but a named pipe, a socket or a device'],
  ['ln -s /dev/zero', 'params.yaml is not a file, but a named pipe, a socket or a device'],
  ['ln -s params.yaml', 'params.yaml is a symbolic link that leads in a circle'],
  ['ln -s nowhere', 'the file params.yaml does not exist'],
])('made by %s is a user error, and nothing waits for it', (make, message) => {
  const folder = mkdtempSync(join(tmpdir(), 'pipe-text-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [program = '', ...words] = make.split(' ');
  execFileSync(program, [...words, join(folder, 'params.yaml')]);
  expect(readText(folder, 'params.yaml')).toMatchObject({ mistake: { message } });
});
