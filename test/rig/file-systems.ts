/** Where tests make their files. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const MEMORY = '/dev/shm';

/** In bytes; the tests take a tenth of it. */
const ENOUGH = 4e9;

/**
 * A temporary folder in memory that exists as long as this process: creating or removing a file on
 * a disk takes twenty times as long. It is on the disk if the memory is small or does not allow
 * scripts to run, as in some containers, or if TMPDIR says so.
 */
export function temporaryFolder(): string {
  if (process.env.TMPDIR !== undefined || !existsSync(MEMORY)) return tmpdir();
  const { bavail, bsize } = statfsSync(MEMORY);
  if (bavail * bsize < ENOUGH) return tmpdir();
  const folder = mkdtempSync(path.join(MEMORY, 'pipe-tests-'));
  // Some tests run commands as another user.
  chmodSync(folder, 0o755);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const script = path.join(folder, 'script');
  writeFileSync(script, '#!/bin/sh\n', { mode: 0o700 });
  return spawnSync(script).status === 0 ? folder : tmpdir();
}

/** A folder on another file system than the temporary folder, if there is one. */
export const ELSEWHERE = [MEMORY, '/tmp', '/var/tmp'].find(
  (folder) => existsSync(folder) && statSync(folder).dev !== statSync(tmpdir()).dev,
);
