/** Waits for effects of a process whose output is not readable. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { waitForChanges } from '../../../src/stage/notice.js';

/** Resolves when the file exists. */
export async function fileAppears(file: string): Promise<void> {
  const wait = waitForChanges(path.dirname(file), 50);
  try {
    while (!existsSync(file)) await wait.next();
  } finally {
    wait.close();
  }
}
