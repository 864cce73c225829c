/** Events of a run → what each item does or did, and when. */
import { leavesOf } from '../../json.js';
import type { PageRun, TimedEvent } from '../model.js';
import { number } from './format-values.js';

export type Phase =
  | 'queued'
  | 'waiting'
  | 'running'
  | 'restoring'
  | 'ran'
  | 'restored'
  | 'fresh'
  | 'failed'
  | 'blocked'
  | 'cancelled'
  | 'submitted'
  | 'cut off';

export interface Activity {
  readonly item: string;
  readonly phase: Phase;
  /** When it started, in ms; absent for an item that was never started. */
  readonly from?: number | undefined;
  /** Absent while it runs. */
  readonly until?: number | undefined;
  readonly reason?: string | undefined;
  readonly gpus?: readonly number[] | undefined;
  readonly cpuSeconds?: number | undefined;
  /** Bytes. */
  readonly peakMemory?: number | undefined;
  readonly progress?: { readonly done: number; readonly total: number; readonly unit?: string };
  readonly epoch?: { readonly epoch: number; readonly target: number };
  readonly metrics?: TimedEvent['metrics'];
}

export interface Activities {
  readonly items: ReadonlyMap<string, Activity>;
  readonly from: number;
  /** Of its last event. */
  readonly until: number;
  readonly isOver: boolean;
  readonly isCutOff: boolean;
}

/** In the order in which the run lists its items. */
export function activitiesOf({ events, isCutOff }: PageRun): Activities {
  const items = new Map<string, Activity>();
  let isOver = false;
  for (const event of events) {
    if (event.type === 'summary') isOver = true;
    if (event.type === 'run')
      for (const item of event.items ?? []) items.set(item, { item, phase: 'queued' });
    if (event.item === undefined) continue;
    const before = items.get(event.item) ?? { item: event.item, phase: 'queued' };
    items.set(event.item, after(before, event));
  }
  if (isCutOff && !isOver)
    for (const [name, activity] of items)
      if (isOpen(activity.phase)) items.set(name, { ...activity, phase: 'cut off' });
  const [from, until] = [events[0]?.at ?? 0, events.at(-1)?.at ?? 0];
  return { items, from, until, isOver, isCutOff: isCutOff && !isOver };
}

export function isOpen(phase: Phase): boolean {
  return ['queued', 'waiting', 'running', 'restoring'].includes(phase);
}

function after(before: Activity, event: TimedEvent): Activity {
  switch (event.type) {
    case 'start': {
      const phase = event.action === 'restore' ? 'restoring' : 'running';
      const { reason, gpus, at } = event;
      return { item: before.item, phase, from: at, reason, gpus };
    }
    case 'waiting':
      return { ...before, phase: 'waiting', reason: event.reason };
    case 'progress': {
      const { done = 0, total = 0, unit } = event;
      return { ...before, progress: { done, total, ...(unit === undefined ? {} : { unit }) } };
    }
    case 'epoch': {
      const { epoch = 0, target = 0, metrics } = event;
      return { ...before, epoch: { epoch, target }, metrics };
    }
    case 'item':
      return {
        ...before,
        phase: event.verdict as Phase,
        until: event.at,
        cpuSeconds: event.cpuSeconds,
        peakMemory: event.peakMemory,
        reason: event.message ?? event.reason ?? before.reason,
      };
    default:
      return before;
  }
}

/** `epoch 3 of 8`, `120 of 400 images`. */
function progressText({ progress, epoch }: Activity): string {
  const parts: string[] = [];
  if (epoch !== undefined) parts.push(`epoch ${epoch.epoch} of ${epoch.target}`);
  if (progress !== undefined)
    parts.push(`${progress.done} of ${progress.total}${progress.unit ? ` ${progress.unit}` : ''}`);
  return parts.join(', ');
}

/** The progress and the last metrics: `epoch 3 of 8, val.loss 0.25`. */
export function doingText(activity: Activity): string {
  const figures = leavesOf(activity.metrics)
    .filter(([, value]) => typeof value === 'number')
    .slice(0, MOST_FIGURES)
    .map(([name, value]) => `${name} ${number(Number(value))}`);
  return [progressText(activity), ...figures].filter((text) => text !== '').join(', ');
}

const MOST_FIGURES = 6;

/** Part that is done, from 0 to 1; undefined when it is unknown. */
export function partDone({ progress, epoch }: Activity): number | undefined {
  const done = epoch ? epoch.epoch : progress?.done;
  const total = epoch ? epoch.target : progress?.total;
  if (done === undefined || !total) return undefined;
  return Math.min(1, done / total);
}
