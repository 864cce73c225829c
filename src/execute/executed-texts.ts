/** What an item executes, as texts: its command, and its scripts. */
import path from 'node:path';
import type { BuildContext, ItemHandle } from '../decide/build-context.js';
import { oncePer, oncePerText } from '../lists.js';
import { bytesIfThere } from '../sys/if-there.js';
import { describeAction } from './failure.js';

export const COMMAND = 'its command';

export interface ExecutedText {
  /** The script, or `COMMAND`. */
  readonly where: string;
  readonly text: string;
}

/** True for a script that a shell executes, by its name or its first line. */
export function isShellScript({ where, text }: ExecutedText): boolean {
  return /\.(?:ba|z|k)?sh$/.test(where) || /^#!.*\b(?:ba|da|z|k)?sh\b/.test(text);
}

/** Does not read the scripts that `isWanted` rejects. */
export function* executedTexts(
  { build, item, code }: ItemHandle,
  isWanted: (file: string) => boolean = () => true,
): Generator<ExecutedText> {
  const action = describeAction(item);
  if (code.kind === 'command') yield { where: COMMAND, text: action };
  const scripts = code.kind === 'command' ? code.executed : [action];
  for (const file of scripts.filter(isWanted)) yield { where: file, text: scriptsOf(build)(file) };
}

/** Reads each script once in a run: an item does not start if one has changed since the run began. */
const scriptsOf = oncePer(({ project }: BuildContext) =>
  oncePerText((file) => bytesIfThere(path.join(project.root, file))?.toString() ?? ''),
);
