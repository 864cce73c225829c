/** Table of changes between two states of named values. Pure. */
import type { Rows } from './fit.js';
import { markdownTable, plainTable } from './text-table.js';
import { rounded } from './wording.js';

export interface Change {
  /** The item; empty for values without one. */
  readonly where: string;
  readonly name: string;
  /** Undefined if absent. */
  readonly before: unknown;
  readonly now: unknown;
  /** True if the current value does not belong to today's pipeline. */
  readonly stale?: true;
}

/** Keeps a pull request comment readable and below its size limit. */
const MOST_ROWS = 200;

/** All names in either, sorted; equal values only with `all`. */
export function changesBetween(
  where: string,
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
  all = false,
): Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return names
    .map((name) => ({ where, name, before: own(before, name), now: own(now, name) }))
    .filter((change) => all || JSON.stringify(change.before) !== JSON.stringify(change.now));
}

/** @param what in the plural: `metrics` */
export function changesMarkdown(changes: readonly Change[], what: string, since: string): string {
  const title = `### ${what[0]?.toUpperCase()}${what.slice(1)} since ${since}\n\n`;
  if (changes.length === 0) return `${title}No difference.\n`;
  const left = changes.length - MOST_ROWS;
  const rest = left > 0 ? `\n… and ${left} more.\n` : '';
  return `${title}${markdownTable(rowsOf(changes.slice(0, MOST_ROWS)))}${rest}`;
}

/** @param room columns of the terminal; undefined if nothing limits the width */
export function changesText(
  changes: readonly Change[],
  what: string,
  since: string,
  room?: number,
): string {
  return changes.length === 0 ? `${what} are as in ${since}\n` : plainTable(rowsOf(changes), room);
}

function rowsOf(changes: readonly Change[]): Rows {
  const isPlaced = changes.some(({ where }) => where !== '');
  const isNumeric = changes.some(({ before, now }) => deviation(before, now) !== '');
  const row = (cells: readonly (string | false)[]) => cells.filter((cell) => cell !== false);
  return [
    row([isPlaced && 'item', 'name', 'before', 'now', isNumeric && 'change']),
    ...changes.map(({ where, name, before, now, stale }) =>
      row([
        isPlaced && where,
        name,
        show(before),
        stale ? `${show(now)} (stale)` : show(now),
        isNumeric && deviation(before, now),
      ]),
    ),
  ];
}

/** `+0.012 (+1.3 %)`. */
export function deviation(before: unknown, now: unknown): string {
  if (typeof before !== 'number' || typeof now !== 'number' || before === now) return '';
  const signed = (value: number) => `${value > 0 ? '+' : ''}${value}`;
  const percent = ((now - before) / Math.abs(before)) * 100;
  const share = before === 0 ? '' : ` (${signed(Number(percent.toPrecision(3)))} %)`;
  return `${signed(rounded(now - before, 3))}${share}`;
}

export function show(value: unknown): string {
  if (value === undefined) return '–';
  if (typeof value === 'number') return String(rounded(value, 7));
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function own(map: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}
