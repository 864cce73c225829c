/** The folder in which the runs of one user on this machine meet: for what they share, such as GPUs. */
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { userError } from '../error.js';

/** Makes the folder, for its owner alone. `PIPE_RUNTIME_DIR` names another. */
export function runtimeFolder(env: NodeJS.ProcessEnv): string {
  const uid = process.getuid?.() ?? 0;
  const folder = env.PIPE_RUNTIME_DIR || standardFolder(uid);
  makeFolder(folder);
  // In a folder where everybody may write, another user could have been there first.
  const stat = lstatSync(folder);
  if (!stat.isDirectory() || (process.getuid && stat.uid !== uid))
    throw userError(
      'runtime-folder',
      `${folder} belongs to another user, so GPUs cannot be shared out there`,
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
 * No variable but PIPE_RUNTIME_DIR has a say: a shell, a cron job and a service of one user differ in
 * TMPDIR and XDG_RUNTIME_DIR, and all of them must meet. /run/user goes with the last login, and a
 * run may outlive that.
 */
function standardFolder(uid: number): string {
  return join(process.platform === 'win32' ? tmpdir() : '/tmp', `pipe-${uid}`);
}
