/** The folder in which the runs of one user on this machine meet: for what they share, such as GPUs. */
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { userError } from '../error.js';

/** Makes the folder, for its owner alone. `PIPE_RUNTIME_DIR` names another. */
export function runtimeFolder(env: NodeJS.ProcessEnv): string {
  const uid = process.getuid?.() ?? 0;
  const folder = env.PIPE_RUNTIME_DIR || standardFolder(env, uid);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // In a folder where everybody may write, another user could have been there first.
  const stat = lstatSync(folder);
  if (!stat.isDirectory() || (process.getuid && stat.uid !== uid))
    throw userError(
      'runtime-folder',
      `${folder} belongs to another user, so GPUs cannot be shared out there`,
      'set PIPE_RUNTIME_DIR to a folder of your own, the same for all your projects',
    );
  return folder;
}

/** The system's own folder counts even where the variable is not set, as in a cron job: all runs must meet. */
function standardFolder(env: NodeJS.ProcessEnv, uid: number): string {
  if (env.XDG_RUNTIME_DIR) return join(env.XDG_RUNTIME_DIR, 'pipe');
  const system = `/run/user/${uid}`;
  const isOurs = lstatSync(system, { throwIfNoEntry: false })?.uid === uid;
  return isOurs ? join(system, 'pipe') : join(tmpdir(), `pipe-${uid}`);
}
