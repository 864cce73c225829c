/** A change of a value in one line, `0.001 → 0.0003`: short, and with two different texts. Pure. */
import { canonical } from '../canonical.js';

/** Length in characters, so that values stay recognisable and fit on a line. */
const LONGEST = 60;

/** Share of the length for the common prefix before the first difference. */
const CONTEXT = 1 / 3;

/** `undefined` means absent. */
export function fromTo(before: unknown, now: unknown): string {
  const values = [before, now].filter((each) => each !== undefined);
  // A number became a text, such as 0.1 → "0,1": quotes show it.
  const isMixed = new Set(values.map((each) => typeof each === 'string')).size > 1;
  const [a, b] = [before, now].map(isMixed ? canonical : plain);
  return pair(a!, b!).join(' → ');
}

/** Commands, each in backticks. */
export function commandFromTo(
  before: string | readonly string[],
  now: string | readonly string[],
): string {
  const [a, b] = [commandText(before), commandText(now)];
  const [x, y] = a === b ? [canonical(before), canonical(now)] : [a, b];
  return pair(x, y)
    .map((text) => `\`${text}\``)
    .join(' → ');
}

function commandText(command: string | readonly string[]): string {
  return typeof command === 'string' ? command : command.join(' ');
}

function plain(value: unknown): string {
  if (value === undefined) return '(absent)';
  return typeof value === 'string' ? value : canonical(value);
}

/** Cuts both to the part around their first difference, which would otherwise be lost. */
export function pair(before: string, now: string, longest = LONGEST): [string, string] {
  const [a, b] = [before, now].map((text) => text.replaceAll('\n', '\\n')) as [string, string];
  if (Math.max(a.length, b.length) <= longest) return [a, b];
  const same = commonStart(a, b);
  const context = Math.floor(longest * CONTEXT);
  const start = same < longest - context ? 0 : same - context;
  return [cut(a, start, longest), cut(b, start, longest)];
}

function commonStart(a: string, b: string): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at;
}

function cut(text: string, start: number, longest: number): string {
  const shown = `${start > 0 ? '…' : ''}${text.slice(start)}`;
  return shown.length > longest ? `${shown.slice(0, longest - 1)}…` : shown;
}

export function verb(before: unknown, now: unknown): string {
  if (!before) return 'added';
  return now ? 'changed' : 'removed';
}

export function importedBy(importer: string | undefined): string {
  return importer === undefined ? '' : ` (imported by ${importer})`;
}
