/** Temporary files of a process that other machines cannot see: renewed as long as it lives. */
import {
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { keepYoung } from '../../src/cache/files/temporary-names.js';
import { temporaryFolder } from './project.js';

const MINUTE = 60_000;

test('a file is renewed each minute, also after its file system failed', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const folder = path.join(temporaryFolder(), 'tmp');
  const file = path.join(folder, 'own');
  mkdirSync(folder);
  writeFileSync(file, 'x');
  utimesSync(file, 1, 2);
  const stop = keepYoung(file);
  onTestFinished(stop);
  const renewed = () => {
    const before = lstatSync(file, { bigint: true });
    // The clock of a file system may be coarse.
    for (let again = before; again.ctimeNs === before.ctimeNs; ) {
      vi.advanceTimersByTime(MINUTE);
      again = lstatSync(file, { bigint: true });
      expect([again.atimeMs, again.mtimeMs]).toEqual([1000n, 2000n]);
    }
  };
  renewed();
  renameSync(folder, `${folder}.away`);
  vi.advanceTimersByTime(MINUTE); // Nothing is there.
  symlinkSync(folder, folder);
  expect(() => lstatSync(file)).toThrow('ELOOP');
  vi.advanceTimersByTime(MINUTE);
  rmSync(folder);
  renameSync(`${folder}.away`, folder);
  renewed();
});
