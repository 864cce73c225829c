/** A lock from before a restart of the machine cannot be told from one of another machine: it is free after ten silent seconds. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { acquireLock } from '../../../src/process/file-lock.js';
import { newOwner } from '../../../src/process/lock-owner.js';
import { tempFolder } from '../../process/support/script.js';

test('the lock of a holder from before the machine was restarted is free', async () => {
  const folder = tempFolder();
  const owner = { ...newOwner('other'), boot: 'earlier', token: 'dead' };
  writeFileSync(join(folder, 'a'), JSON.stringify(owner));
  (await acquireLock(folder, 'a', { doing: 'mine' })).release();
  expect(readdirSync(folder)).toEqual([]);
});
