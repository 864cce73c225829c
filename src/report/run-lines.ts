/** The log of a run for pipes, files and CI, and the lines that stay on a terminal. */
import type { ItemDone, RunEvent } from '../event.js';
import { printable } from '../printable.js';
import { stageOf } from './live/live-state.js';
import { plainLines } from './plain.js';
import { plural } from './wording.js';

export type Write = (text: string) => void;

/** Only every n-th report about a transfer becomes a line. There is a report each second. */
const SHOWN_TRANSFER = 5;

export function plainReporter(write: Write): (event: RunEvent) => void {
  const transfers = { in: 0, out: 0 };
  const linesOf = runLines(
    (event) => event.type !== 'transfer' || ++transfers[event.direction] % SHOWN_TRANSFER === 0,
  );
  return (event) => {
    for (const line of linesOf(event)) write(`${line}\n`);
  };
}

/** Of more items in a row that do not run for one reason, the others are only counted. */
const NAMED = 3;

/**
 * The lines of each event of a run, as far as they depend on earlier events. The story of a failure
 * would scroll away if each of the thousand items that it blocks had a line.
 *
 * @param isShown false for an event without lines
 */
export function runLines(isShown: (event: RunEvent) => boolean): (event: RunEvent) => string[] {
  let dry = false;
  let last: ItemDone | undefined;
  let count = 0;
  const epochs = new Map<string, number>();
  return (event) => {
    if (event.type === 'run') {
      dry = event.dry;
      // pipe watch reports several runs.
      epochs.clear();
    }
    if (event.type === 'start') epochs.set(event.item, event.epochs?.completed ?? 0);
    if (event.type === 'epoch') epochs.set(event.item, event.epoch);
    if (!isShown(event)) return [];
    const kept = event.type === 'item' ? (epochs.get(event.item) ?? 0) : 0;
    const lines = withKept(plainLines(event, dry), event, kept);
    if (lines.length === 0) return [];
    const idle = event.type === 'item' && isIdle(event) && kept === 0 ? event : undefined;
    if (idle !== undefined && isAlike(idle, last)) return ++count > NAMED ? [] : lines;
    const others = count > NAMED && last ? [othersLine(last, count - NAMED)] : [];
    [last, count] = [idle, 1];
    return [...others, ...lines];
  };
}

/** Reassures after a failure or an interruption: the next run continues after these epochs. */
function withKept(lines: string[], event: RunEvent, kept: number): string[] {
  if (kept === 0 || event.type !== 'item') return lines;
  const text = `${plural(kept, 'epoch')} kept`;
  if (event.verdict === 'failed') return [...lines, `  ${text}`];
  return event.verdict === 'cancelled' ? lines.map((line) => `${line}, ${text}`) : lines;
}

function isIdle({ verdict }: ItemDone): boolean {
  return verdict === 'blocked' || verdict === 'cancelled';
}

function isAlike(a: ItemDone, b: ItemDone | undefined): boolean {
  return a.verdict === b?.verdict && a.reason === b.reason && stageOf(a.item) === stageOf(b.item);
}

function othersLine({ item, verdict, reason = '' }: ItemDone, count: number): string {
  return printable(`${stageOf(item)}: ${plural(count, 'more item')} ${verdict}: ${reason}`);
}
