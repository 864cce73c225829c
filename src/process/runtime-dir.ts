/** Folder that all runs of one user on this machine share, for GPU leases and the like. */
import { lstatSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { userError } from '../error.js';
import { makeFolder } from '../sys/make-folder.js';
import { whyNoFolder } from '../sys/no-folder.js';

/** Creates the folder for its owner only. `PIPE_RUNTIME_DIR` names another. */
export function runtimeFolder(env: NodeJS.ProcessEnv): string {
  const uid = process.getuid?.() ?? 0;
  const folder = env.PIPE_RUNTIME_DIR || standardFolder(uid);
  prepare(folder);
  // In a world-writable folder, another user may have created it, or a link, first.
  const isForeign = [lstatSync(folder), statSync(folder)].some((stat) => stat.uid !== uid);
  if (process.getuid && isForeign) throw refused(folder, 'it belongs to another user');
  return folder;
}

const HINT = 'set PIPE_RUNTIME_DIR to a folder of your own, the same for all your projects';

function refused(folder: string, why: string): Error {
  return userError('runtime-folder', `${folder} cannot hold GPU leases: ${why}`, HINT);
}

function prepare(folder: string): void {
  const why = whyNoFolder(resolve(folder));
  if (why !== undefined) throw refused(folder, why);
  try {
    makeFolder(folder, 0o700);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw refused(folder, `it cannot be created (${code})`);
  }
}

/**
 * Only PIPE_RUNTIME_DIR changes the folder. A shell, a cron job and a service of the same user must
 * share it, but may have different values of TMPDIR and XDG_RUNTIME_DIR. /run/user disappears with
 * the last login, which a run may outlive.
 */
function standardFolder(uid: number): string {
  return join(process.platform === 'win32' ? tmpdir() : '/tmp', `pipe-${uid}`);
}
