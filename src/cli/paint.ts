/** Colours of the states, the same in all output. */
import type { State } from './inspect-items.js';

const COLORS: Readonly<Record<State, number>> = {
  missing: 31,
  stale: 33,
  unknown: 2,
  restorable: 36,
  fresh: 32,
};

export function paint(text: string, state: State): string {
  return `\x1b[${COLORS[state]}m${text}\x1b[0m`;
}
