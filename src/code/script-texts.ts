/** What a command executes, as texts: itself, and its scripts. */
import path from 'node:path';
import type { CommandAction } from '../pipeline/plan.js';
import { bytesIfThere } from '../sys/if-there.js';

/** For messages. */
export const COMMAND = 'its command';

export interface ExecutedText {
  /** The script, or `COMMAND`. */
  readonly where: string;
  readonly text: string;
}

/** Of a shell, Python, R and Julia. */
export function withoutComments(text: string): string {
  return text.replace(/(?<=^|\s)#.*/gm, '');
}

export function commandText(action: CommandAction): string {
  return action.kind === 'shell' ? action.command : action.argv.join(' ');
}

/** Empty if there is no such file. */
export function scriptText(root: string, file: string): string {
  return bytesIfThere(path.join(root, file))?.toString() ?? '';
}

/** @param scripts files of the project */
export function textsOf(
  action: CommandAction,
  scripts: readonly string[],
  textOf: (file: string) => string,
): ExecutedText[] {
  const own = { where: COMMAND, text: commandText(action) };
  return [own, ...scripts.map((file) => ({ where: file, text: textOf(file) }))];
}
