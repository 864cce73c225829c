/** Explains the failure of a script with Windows line ends, which a shell reads as parts of words. */
import { isShell } from '../code/sourced.js';
import type { ItemHandle } from '../decide/build-context.js';
import { withoutReturns } from '../sys/start-fault.js';
import { executedTexts } from './executed-texts.js';

/** Undefined unless the item executes such a script. */
export function windowsLines(handle: ItemHandle): string | undefined {
  for (const { where, text } of executedTexts(handle)) {
    if (isShell(where, text) && text.includes('\r\n'))
      return `"${where}" has Windows line ends, which are part of the words for a shell: ${withoutReturns(where)}`;
  }
  return undefined;
}
