/** Asks whether a folder of a remote cache can be used: its file server may be gone. */
import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { StoreError } from './store.js';

/** Milliseconds within which the folder must answer. */
const ANSWER = 5000;

/**
 * A missing folder is an empty cache, unless it is read only: then no write will create it.
 *
 * @throws StoreError when the folder does not answer in time, or its disk seems not to be mounted
 */
export async function reachable(folder: string, readOnly: boolean): Promise<void> {
  await answering(folder);
  const parent = path.dirname(folder);
  if (await isFolder(folder)) return;
  if (readOnly) throw missing(folder);
  if (!(await isFolder(parent))) throw missing(parent);
}

/** Asks in another process, because a call to a dead file server blocks a thread, and even our exit. */
function answering(folder: string): Promise<void> {
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

/**
 * False if there is nothing.
 *
 * @throws StoreError when it is something else, or its folder cannot be searched
 */
async function isFolder(place: string): Promise<boolean> {
  try {
    if ((await stat(place)).isDirectory()) return true;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    const isRefused = code === 'EACCES' || code === 'EPERM';
    throw new StoreError(isRefused ? 'unreadable' : 'unreachable', message);
  }
  throw new StoreError('unreachable', `${place} is not a folder`);
}

function missing(folder: string): StoreError {
  return new StoreError('unreachable', `${folder} does not exist: create it, or mount its disk`);
}
