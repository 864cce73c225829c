/** Colours of the states, the same in all output. */
import type { ItemState } from '../page/model.js';

const COLORS: Readonly<Record<ItemState, number>> = {
  missing: 31,
  stale: 33,
  unknown: 2,
  restorable: 36,
  fresh: 32,
};

export function paint(text: string, state: ItemState): string {
  return `\x1b[${COLORS[state]}m${text}\x1b[0m`;
}
