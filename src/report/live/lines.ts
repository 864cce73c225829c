/** The live view as lines for a terminal of a given size: a pure function of the state. */
import { duration, metricsText } from '../words.js';
import { secondsLeft } from './estimate.js';
import type { Active, LiveState, Running } from './state.js';
import { cut, cutMiddle, pad, widthOf } from './text.js';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export type Color = 'running' | 'waiting' | 'faint';

/** A piece of a line in one colour. */
export interface Piece {
  readonly text: string;
  readonly color?: Color;
}

export type Line = readonly Piece[];

/** Below this much room a detail tells nothing. */
const SHORTEST_DETAIL = 8;

/**
 * One line for each item that something is going on with, as far as there is room, and one for the
 * run. No line takes the last column, where terminals differ, and there is one row less than the
 * terminal has, for the cursor.
 */
export function frame(state: LiveState, size: Size, now: number): Line[] {
  const columns = Math.max(1, size.columns - 1);
  const room = Math.max(0, size.rows - 2);
  const items = [...state.active].sort(runningFirst);
  const fits = items.length <= room ? items : items.slice(0, Math.max(0, room - 1));
  const widest = Math.max(0, ...fits.map(([item]) => widthOf(item)));
  const nameWidth = Math.min(widest, Math.max(8, Math.floor(columns * 0.45)));
  const lines = fits.map(([item, active]) => itemLine(item, active, nameWidth, columns, now));
  const hidden = items.length - fits.length;
  if (hidden > 0 && room > 0)
    lines.push([{ text: cut(`  … and ${hidden} more`, columns), color: 'faint' }]);
  lines.push(runLine(state, columns, now));
  return lines;
}

/** What waits comes last, each in the order in which it began. */
function runningFirst([, a]: [string, Active], [, b]: [string, Active]): number {
  return Number(a.phase === 'waiting') - Number(b.phase === 'waiting');
}

function itemLine(
  item: string,
  active: Active,
  nameWidth: number,
  columns: number,
  now: number,
): Line {
  const name = pad(cutMiddle(item, nameWidth), nameWidth);
  const start = cut(`${active.phase === 'waiting' ? '○' : '●'} ${name}`, columns);
  const color = active.phase === 'waiting' ? 'waiting' : 'running';
  const times = timesOf(active, now).find(
    (text) => widthOf(start) + widthOf(text) + SHORTEST_DETAIL + 4 <= columns,
  );
  if (times === undefined) return narrowLine(start, active, color, columns, now);
  const room = columns - widthOf(start) - widthOf(times) - 4;
  const detail = pad(cut(detailOf(active), room), room);
  return [{ text: start, color }, { text: `  ${detail}  ` }, { text: times, color: 'faint' }];
}

/** Where there is no room for a detail, the time alone, if that. */
function narrowLine(
  start: string,
  active: Active,
  color: Color,
  columns: number,
  now: number,
): Line {
  const room = columns - widthOf(start) - 2;
  const time = elapsed(active, now);
  if (widthOf(time) > room) return [{ text: start, color }];
  return [{ text: start, color }, { text: '  ' }, { text: time, color: 'faint' }];
}

/** From the longest to the shortest that says something. */
function timesOf(active: Active, now: number): string[] {
  const left = active.phase === 'running' ? secondsLeft(active, now) : undefined;
  const short = elapsed(active, now);
  return left === undefined ? [short] : [`${short}, ${about(left)} left`, short];
}

function elapsed({ since }: Active, now: number): string {
  return duration(Math.floor(Math.max(0, now - since)));
}

/** An estimate is not known to the tenth of a second. */
function about(seconds: number): string {
  return seconds < 60 ? `${Math.ceil(seconds)} s` : duration(seconds);
}

function detailOf(active: Active): string {
  switch (active.phase) {
    case 'waiting':
      return active.reason;
    case 'restoring':
      return 'putting its outs back';
    case 'running':
      return runningDetail(active);
    default:
      return active satisfies never;
  }
}

/** The most telling first, since the end is what is cut. */
function runningDetail({ epochs, progress, gpus, reason }: Running): string {
  const parts: string[] = [];
  if (epochs) parts.push(`epoch ${epochs.completed}/${epochs.target}`);
  if (progress) {
    const { done, total, unit } = progress;
    const percent = total > 0 ? ` ${Math.floor((100 * done) / total)}%` : '';
    parts.push(`${done}/${total}${unit === undefined ? '' : ` ${unit}`}${percent}`);
  }
  if (epochs?.metrics) parts.push(metricsText(epochs.metrics));
  if (parts.length === 0) parts.push(reason);
  if (gpus.length > 0) parts.push(`GPU ${gpus.join(', ')}`);
  return parts.join(', ');
}

function runLine(state: LiveState, columns: number, now: number): Line {
  const phases = [...state.active.values()].map(({ phase }) => phase);
  const waiting = phases.filter((phase) => phase === 'waiting').length;
  const { failed, blocked, cancelled, ran, restored, fresh } = state.ended;
  const toCome = [...state.toCome.values()].reduce((sum, count) => sum + count, 0);
  const parts: [number, string][] = [
    [phases.length - waiting, 'running'],
    [waiting, 'waiting'],
    [failed, 'failed'],
    [blocked, 'blocked'],
    [cancelled, 'cancelled'],
    [ran + restored + fresh, 'done'],
    [toCome, `to come${stagesToCome(state.toCome)}`],
  ];
  const counts = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  const time = duration(Math.floor(now - state.since));
  return [{ text: cut(`${time}: ${counts.join(', ')}`, columns), color: 'faint' }];
}

/** ` (evaluate 12, report)`, in pipeline order. */
function stagesToCome(counts: ReadonlyMap<string, number>): string {
  if (counts.size === 0) return '';
  const stages = [...counts].map(([stage, count]) => (count === 1 ? stage : `${stage} ${count}`));
  return ` (${stages.join(', ')})`;
}
