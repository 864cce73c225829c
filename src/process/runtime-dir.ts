/** Folder that all runs of one user on this machine share, for GPU leases and the like. */
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { userError } from '../error.js';

/** Creates the folder for its owner only. `PIPE_RUNTIME_DIR` names another. */
export function runtimeFolder(env: NodeJS.ProcessEnv): string {
  const uid = process.getuid?.() ?? 0;
  const folder = env.PIPE_RUNTIME_DIR || standardFolder(uid);
  makeFolder(folder);
  // In a world-writable folder, another user may have created it first.
  const stat = lstatSync(folder);
  if (!stat.isDirectory() || (process.getuid && stat.uid !== uid))
    throw userError(
      'runtime-folder',
      `${folder} belongs to another user, so pipe cannot use it for GPU leases`,
      CURE,
    );
  return folder;
}

const CURE = 'set PIPE_RUNTIME_DIR to a folder of your own, the same for all your projects';

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw userError('runtime-folder', `${folder} cannot be created (${code})`, CURE);
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
