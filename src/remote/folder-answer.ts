/** Asks whether a folder of a remote cache answers: its file server may be gone. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { StoreError } from './store.js';

/** Milliseconds within which the folder must answer. */
const ANSWER = 5000;

/** @throws StoreError when the folder does not answer in time, whether or not it exists */
export function answering(folder: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // Queries the file system, because no client cache can answer that.
    const asking = spawn('stat', ['-f', '--', folder, path.dirname(folder)], { stdio: 'ignore' });
    const end = () => {
      asking.kill('SIGKILL');
      asking.unref();
      reject(new StoreError('unreachable', `${folder}: no answer within ${ANSWER / 1000} s`));
    };
    // After a long computation, the answer may have arrived already.
    const late = setTimeout(() => setImmediate(end), ANSWER);
    // Without the program `stat`, this check is skipped.
    for (const event of ['exit', 'error'])
      asking.once(event, () => {
        clearTimeout(late);
        resolve();
      });
  });
}
