/** Waits for what a process that cannot be read from does. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { waitForChanges } from '../../../src/stage/notice.js';

/** Resolves when the file is there. */
export async function fileAppears(file: string): Promise<void> {
  const wait = waitForChanges(path.dirname(file), 50);
  try {
    while (!existsSync(file)) await wait.next();
  } finally {
    wait.close();
  }
}
