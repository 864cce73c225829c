/** State of the live view: a pure function of the run's events and their times. */
import type {
  ItemDone,
  ItemProgress,
  ItemStarted,
  RunEvent,
  Transfer,
  Verdict,
  Why,
} from '../../event.js';
import type { Metrics } from '../../stage/context.js';

/** All times are in seconds, by the same clock. */
export interface LiveState {
  readonly since: number;
  /** Number of items without events so far, by stage. */
  readonly toCome: ReadonlyMap<string, number>;
  /** Active items, in order of start. */
  readonly active: ReadonlyMap<string, Active>;
  readonly ended: Readonly<Record<Verdict, number>>;
  /** The last reports about transfers from and to the remote cache. */
  readonly transfers: Readonly<Partial<Record<Transfer['direction'], TransferAt>>>;
}

export interface TransferAt extends Transfer {
  readonly at: number;
}

export type Active = Waiting | Restoring | Running;

interface Waiting {
  readonly phase: 'waiting';
  readonly since: number;
  readonly reason: string;
}

interface Restoring {
  readonly phase: 'restoring';
  readonly since: number;
}

export interface Running extends Why {
  readonly phase: 'running';
  readonly since: number;
  readonly gpus: readonly number[];
  /** The machine, if it is another one. */
  readonly where?: string;
  /** Seconds that the item took last time. */
  readonly expected?: number;
  readonly epochs?: Epochs;
  readonly progress?: Progress;
}

export interface Epochs {
  readonly completed: number;
  readonly target: number;
  /** When the last epoch was completed, or the process started. */
  readonly at: number;
  /** Seconds of the last few epochs. */
  readonly seconds: readonly number[];
  readonly metrics?: Metrics;
}

export interface Progress extends Pick<ItemProgress, 'done' | 'total' | 'unit'> {
  readonly at: number;
  /** The first report, from which the speed is measured. */
  readonly first: { readonly done: number; readonly at: number };
}

/** Number of epochs for the estimate of the next one. */
const LAST_EPOCHS = 5;

const NOTHING: LiveState = {
  since: 0,
  toCome: new Map(),
  active: new Map(),
  ended: { ran: 0, restored: 0, fresh: 0, failed: 0, blocked: 0, cancelled: 0, submitted: 0 },
  transfers: {},
};

export function emptyState(now: number): LiveState {
  return { ...NOTHING, since: now };
}

export function after(state: LiveState, event: RunEvent, now: number): LiveState {
  switch (event.type) {
    case 'run':
      return { ...emptyState(now), toCome: countByStage(event.items) };
    case 'start':
      return withActive(state, event.item, started(event, now));
    case 'waiting': {
      const before = state.active.get(event.item);
      const since = before?.phase === 'waiting' ? before.since : now;
      return withActive(state, event.item, { phase: 'waiting', since, reason: event.reason });
    }
    case 'progress':
      return updated(state, event.item, (running) => progressed(running, event, now));
    case 'epoch':
      return updated(state, event.item, ({ progress: _ofTheEpoch, ...running }) => {
        const { epoch: completed, target, seconds, metrics } = event;
        const last = [...(running.epochs?.seconds ?? []), seconds].slice(-LAST_EPOCHS);
        const epochs = { completed, target, at: now, seconds: last, ...(metrics && { metrics }) };
        return { ...running, epochs };
      });
    case 'item':
      return ended(state, event);
    case 'transfer':
      return {
        ...state,
        transfers: { ...state.transfers, [event.direction]: { ...event, at: now } },
      };
    case 'warning':
    case 'error':
    case 'difference':
    case 'collected':
    case 'summary':
      return state;
    default:
      return event satisfies never;
  }
}

export function stageOf(item: string): string {
  const at = item.indexOf('@');
  return at < 0 ? item : item.slice(0, at);
}

function countByStage(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(stageOf(item), (counts.get(stageOf(item)) ?? 0) + 1);
  return counts;
}

function started(event: ItemStarted, now: number): Active {
  if (event.action === 'restore') return { phase: 'restoring', since: now };
  const { reason, reasons, expected, epochs, where, gpus = [] } = event;
  return {
    phase: 'running',
    since: now,
    reason,
    ...(reasons === undefined ? {} : { reasons }),
    gpus,
    ...(where === undefined ? {} : { where }),
    ...(expected === undefined ? {} : { expected }),
    ...(epochs === undefined ? {} : { epochs: { ...epochs, at: now, seconds: [] } }),
  };
}

function progressed(running: Running, event: ItemProgress, now: number): Running {
  const { done, total, unit } = event;
  const before = running.progress;
  // Another total, or less progress than before: the stage has started something else.
  const continues = before !== undefined && before.total === total && before.done <= done;
  const first = continues ? before.first : { done, at: now };
  const progress = { done, total, at: now, first, ...(unit === undefined ? {} : { unit }) };
  return { ...running, progress };
}

function ended(state: LiveState, { item, verdict }: ItemDone): LiveState {
  const active = new Map(state.active);
  const toCome = active.delete(item) ? state.toCome : withoutOne(state.toCome, stageOf(item));
  return {
    ...state,
    active,
    toCome,
    ended: { ...state.ended, [verdict]: state.ended[verdict] + 1 },
  };
}

function withActive(state: LiveState, item: string, now: Active): LiveState {
  const isNew = !state.active.has(item);
  const toCome = isNew ? withoutOne(state.toCome, stageOf(item)) : state.toCome;
  return { ...state, toCome, active: new Map(state.active).set(item, now) };
}

function updated(state: LiveState, item: string, change: (running: Running) => Running): LiveState {
  const before = state.active.get(item);
  if (before?.phase !== 'running') return state;
  return { ...state, active: new Map(state.active).set(item, change(before)) };
}

function withoutOne(counts: ReadonlyMap<string, number>, stage: string): Map<string, number> {
  const less = new Map(counts);
  const count = (less.get(stage) ?? 0) - 1;
  if (count > 0) less.set(stage, count);
  else less.delete(stage);
  return less;
}
