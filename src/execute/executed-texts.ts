/** What an item executes, as texts: its command, and its scripts. */

import { COMMAND, type ExecutedText, scriptText } from '../code/script-texts.js';
import { isShell } from '../code/sourced.js';
import type { BuildContext, ItemHandle } from '../decide/build-context.js';
import { oncePer, oncePerText } from '../lists.js';
import { describeAction } from './failure.js';

/** True for the text of a shell: the command, or a shell script. */
export function isForShell({ where, text }: ExecutedText): boolean {
  return where === COMMAND || isShell(where, text);
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
  oncePerText((file) => scriptText(project.root, file)),
);
