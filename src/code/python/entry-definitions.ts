/** What the build files say about one command that they define. */

import { parentOf } from '../../sys/is-within.js';
import { type Commands, commandFiles, commandsOf } from './entry-points.js';
import type { Launch } from './launches.js';
import type { Reads } from './trace-reads.js';

export interface Definition {
  readonly file: string;
  /** SHA-256 of its bytes. */
  readonly hex: string;
  /** The module of an entry point. */
  readonly module: string | undefined;
  readonly commands: readonly { readonly text: string; readonly folder: string }[];
  /** What it defines of the command, and of others that this one starts; as JSON, which Python reads too. */
  readonly text: string;
}

/** The definitions of a command that starts in a folder. */
export function definitionsOf(
  { target: name, folder, projects = [] }: Launch,
  reads: Reads,
): Definition[] {
  return commandFiles([folder, ...projects], reads).flatMap((file) => {
    const { modules, tasks } = commandsOf(reads.textOf(file) ?? '');
    if (!modules.has(name) && !tasks.has(name)) return [];
    const used = usedBy(name, tasks).map((each) => [each, modules.get(each), tasks.get(each)]);
    // pipenv starts a task in the current folder, the others in the folder of the file.
    const own = file.endsWith('Pipfile') ? folder : parentOf(file);
    return {
      file,
      hex: reads.files[file] as string,
      module: modules.get(name),
      commands: (tasks.get(name) ?? []).map((text) => ({ text, folder: own })),
      text: JSON.stringify(used),
    };
  });
}

/** The task, and those that it names. */
function usedBy(name: string, tasks: Commands['tasks']): string[] {
  const found = [name];
  for (const each of found) {
    const words = (tasks.get(each) ?? []).join(' ').split(/[\s"';&|]+/);
    found.push(...words.filter((word) => tasks.has(word) && !found.includes(word)));
  }
  return found;
}
