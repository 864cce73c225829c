/** A disk that becomes full in the middle of a copy, simulated by Linux's /dev/full. */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { copyHashing } from '../../src/cache/files/copy.js';
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
