/** Copies of files: onto a disk that becomes full, simulated by Linux's /dev/full, and as clones. */
import fs, { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { copyHashing, copyToDraft } from '../../src/cache/files/copy.js';
import { temporaryFolder } from './project.js';

test('a write that fails while the next chunk is read ends the copy, not the process', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.prependListener('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  const file = path.join(temporaryFolder(), 'large');
  writeFileSync(file, Buffer.alloc(32 << 20, 1));
  for (let time = 0; time < 20; time++) {
    const from = openSync(file, 'r');
    const full = openSync('/dev/full', 'w');
    try {
      await expect(copyHashing(from, full)).rejects.toMatchObject({ code: 'ENOSPC' });
    } finally {
      closeSync(from);
      closeSync(full);
    }
  }
  expect(unhandled).toEqual([]);
});

/** Lets the file system of a folder make clones, and none to or from another folder. */
function letClone(folder: string): string[] {
  const clones: string[] = [];
  const { copyFileSync } = fs;
  fs.copyFileSync = (from, to) => {
    if (!String(from).startsWith(folder))
      throw Object.assign(new Error('EXDEV'), { code: 'EXDEV', syscall: 'copyfile' });
    copyFileSync(from, to);
    clones.push(path.basename(String(to)));
  };
  syncBuiltinESMExports();
  onTestFinished(() => {
    fs.copyFileSync = copyFileSync;
    syncBuiltinESMExports();
  });
  return clones;
}

test('a file on another device that cannot be cloned leaves clones of other files possible', async () => {
  const folder = temporaryFolder();
  const clones = letClone(folder);
  // Other tests of this process may have found that the device makes no clones.
  vi.resetModules();
  const { copyToDraft: copy } = await import('../../src/cache/files/copy.js');
  const own = path.join(folder, 'own');
  writeFileSync(own, 'x');
  for (const [source, draft] of [
    [own, 'first'],
    ['/proc/version', 'copied'],
    [own, 'second'],
  ] as const) {
    const from = openSync(source, 'r');
    await copy(source, from, path.join(folder, draft), 0o444);
    closeSync(from);
  }
  expect(clones).toEqual(['first', 'second']);
});

test('the error of a full disk names the file that was written', async () => {
  const source = path.join(temporaryFolder(), 'source');
  writeFileSync(source, 'x');
  const from = openSync(source, 'r');
  const full = openSync('/dev/full', 'w');
  const draft = path.join(temporaryFolder(), 'draft');
  const copy = copyToDraft(source, from, draft, 0o444, () => void writeSync(full, 'x'));
  await expect(copy).rejects.toMatchObject({ code: 'ENOSPC', path: draft });
  for (const handle of [from, full]) closeSync(handle);
});
