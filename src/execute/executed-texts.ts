/** What an item executes, as texts: its command, and its scripts. */
import path from 'node:path';
import type { Code } from '../decide/code.js';
import type { Item } from '../pipeline/plan.js';
import { textIfThere } from '../sys/if-there.js';
import { describeAction } from './failure.js';

/** `where`: the script, or `its command`. Does not read the scripts that `isWanted` rejects. */
export function* executedTexts(
  root: string,
  item: Item,
  code: Code,
  isWanted: (file: string) => boolean = () => true,
): Generator<{ readonly where: string; readonly text: string }> {
  const action = describeAction(item);
  if (code.kind === 'command') yield { where: 'its command', text: action };
  const scripts = code.kind === 'command' ? code.executed : [action];
  for (const file of scripts.filter(isWanted))
    yield { where: file, text: textIfThere(path.join(root, file)) ?? '' };
}
