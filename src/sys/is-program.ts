/** Finds programs as a shell does. */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

export function isProgram(name: string, { PATH = '' }: NodeJS.ProcessEnv): boolean {
  return PATH.split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
