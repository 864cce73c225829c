/** The live view as lines for a terminal of a given size: a pure function of the state. */
import { largest } from '../fit.js';
import { about, metricsText, transferText, whyText } from '../wording.js';
import type { Active, Epochs, LiveState, Progress, Running, TransferAt } from './live-state.js';
import { cut, cutMiddle, pad, widthOf } from './text-columns.js';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export type Color = 'running' | 'waiting' | 'faint';

/** A piece of a line in one colour. */
interface Piece {
  readonly text: string;
  readonly color?: Color;
}

export type Line = readonly Piece[];

/** Reports about a transfer arrive every second until it ends. */
const TRANSFER_SECONDS = 2.5;

/** A shorter detail, including the space before it, is useless. */
const SHORTEST_DETAIL = 6;

/**
 * One line for each active item, as far as there is room, and one for the run. No line uses the
 * last column, because terminals treat it differently, and one row stays free for the cursor.
 * Nothing is aligned to the right edge. When the terminal becomes narrower, short lines then do not
 * wrap, and lines that wrapped off the screen could not be redrawn.
 */
export function frame(state: LiveState, size: Size, now: number): Line[] {
  const columns = Math.max(1, size.columns - 1);
  const rows = Math.max(0, size.rows - 2);
  const transfers = transferLines(state, columns, now).slice(0, rows);
  const room = rows - transfers.length;
  const items = [...state.active].sort(runningFirst);
  const fits = items.length <= room ? items : items.slice(0, Math.max(0, room - 1));
  const hidden = items.length - fits.length;
  const lines = itemLines(fits, columns, now);
  if (hidden > 0 && room > 0)
    lines.push([{ text: cut(`… and ${hidden} more`, columns), color: 'faint' }]);
  lines.push(...transfers, runLine(state, columns, now));
  return lines;
}

function transferLines({ transfers }: LiveState, columns: number, now: number): Line[] {
  return [transfers.in, transfers.out]
    .filter((each) => each !== undefined && now - each.at < TRANSFER_SECONDS)
    .map((each) => [{ text: cut(transferText(each as TransferAt), columns), color: 'faint' }]);
}

/** Waiting items come last; each group in order of start. */
function runningFirst([, a]: [string, Active], [, b]: [string, Active]): number {
  return Number(a.phase === 'waiting') - Number(b.phase === 'waiting');
}

/** Name, time and detail in columns; cuts the end if it does not fit. */
function itemLines(items: readonly [string, Active][], columns: number, now: number): Line[] {
  const longest = Math.max(8, Math.floor(columns * 0.45));
  const names = items.map(([item]) => cutMiddle(item, longest));
  const times = items.map(([, { since }]) => about(Math.floor(Math.max(0, now - since))));
  const nameWidth = largest(names.map(widthOf));
  const timeWidth = largest(times.map(widthOf));
  return items.map(([, active], at) => {
    const waits = active.phase === 'waiting';
    const name = cut(`${waits ? '○' : '●'} ${pad(names[at] ?? '', nameWidth)}`, columns);
    const hasTime = widthOf(name) + 2 + timeWidth <= columns;
    const time = hasTime ? `  ${pad(times[at] ?? '', timeWidth)}` : '';
    const room = columns - widthOf(name) - widthOf(time);
    return [
      { text: name, color: waits ? 'waiting' : 'running' },
      { text: time, color: 'faint' },
      { text: !hasTime || room < SHORTEST_DETAIL ? '' : cut(`  ${detailOf(active, now)}`, room) },
    ];
  });
}

/** Always a single line. */
function detailOf(active: Active, now: number): string {
  return detailText(active, now).replace(/\s+/g, ' ');
}

function detailText(active: Active, now: number): string {
  switch (active.phase) {
    case 'waiting':
      return active.reason;
    case 'restoring':
      return 'restoring its outs';
    case 'running':
      return runningDetail(active, now);
    default:
      return active satisfies never;
  }
}

/** Most important first, because the end may be cut. */
function runningDetail(running: Running, now: number): string {
  const { epochs, progress, gpus, where } = running;
  const parts: string[] = where === undefined ? [] : [`on ${where}`];
  if (epochs) parts.push(`epoch ${epochs.completed}/${epochs.target}`);
  if (progress && !(epochs && isOf(epochs, progress))) parts.push(progressText(progress));
  if (!epochs && !progress) parts.push(whyText(running));
  const left = secondsLeft(running, now);
  if (left !== undefined) parts.push(`${about(left)} left`);
  const metrics = metricsText(epochs?.metrics);
  if (metrics !== '') parts.push(metrics);
  if (gpus.length > 0) parts.push(`GPU ${gpus.join(', ')}`);
  return parts.join(', ');
}

/** A stage may also report its epochs as progress. */
function isOf({ target }: Epochs, { done, total, unit }: Progress): boolean {
  return total === target && Number.isInteger(done) && /^epochs?$/i.test(unit ?? '');
}

function progressText({ done, total, unit }: Progress): string {
  const percent = total > 0 ? ` ${Math.floor((100 * done) / total)}%` : '';
  return `${done}/${total}${unit === undefined ? '' : ` ${unit}`}${percent}`;
}

function runLine(state: LiveState, columns: number, now: number): Line {
  const phases = [...state.active.values()].map(({ phase }) => phase);
  const waiting = phases.filter((phase) => phase === 'waiting').length;
  const { failed, blocked, cancelled, submitted, ran, restored, fresh } = state.ended;
  const toCome = [...state.toCome.values()].reduce((sum, count) => sum + count, 0);
  const parts: [number, string][] = [
    [phases.length - waiting, 'running'],
    [waiting, 'waiting'],
    [failed, 'failed'],
    [blocked, 'blocked'],
    [cancelled, 'cancelled'],
    [submitted, 'submitted'],
    [ran + restored + fresh, 'done'],
    [toCome, `to come${stagesToCome(state.toCome)}`],
  ];
  const counts = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  const time = about(Math.floor(now - state.since));
  return [{ text: cut(`${time}: ${counts.join(', ')}`, columns), color: 'faint' }];
}

/** ` (evaluate 12, report)`, in pipeline order. */
function stagesToCome(counts: ReadonlyMap<string, number>): string {
  if (counts.size === 0) return '';
  const stages = [...counts].map(([stage, count]) => (count === 1 ? stage : `${stage} ${count}`));
  return ` (${stages.join(', ')})`;
}

/** Seconds; undefined if there is no measure. */
function secondsLeft(running: Running, now: number): number | undefined {
  const { epochs, progress, expected } = running;
  const left =
    (epochs && leftOfEpochs(epochs, now)) ??
    // During an epoch, the reported progress is that of the epoch.
    (progress && epochs === undefined ? leftOfProgress(progress, now) : undefined) ??
    (expected === undefined ? undefined : expected - (now - running.since));
  return left !== undefined && left > 0 ? left : undefined;
}

/** The mean of the last epochs for each remaining one, minus the elapsed time of the current one. */
function leftOfEpochs({ completed, target, at, seconds }: Epochs, now: number): number | undefined {
  if (seconds.length === 0 || completed >= target) return undefined;
  const mean = seconds.reduce((sum, each) => sum + each, 0) / seconds.length;
  return (target - completed - 1) * mean + Math.max(0, mean - (now - at));
}

/** From the speed between the first and the last report. */
function leftOfProgress({ done, total, at, first }: Progress, now: number): number | undefined {
  const speed = (done - first.done) / (at - first.at);
  if (!(speed > 0) || !Number.isFinite(speed)) return undefined;
  return (total - done) / speed - (now - at);
}
