/**
 * State machine of watch mode. Pure.
 *
 *             changed                 quiet, run now
 *     idle ─────────────▶ settling ──────────────────▶ running ──┐ run ended
 *      ▲ │                 ▲  ▲  ▲                      │  │     │
 *      │ └── run now ──────┼──┼──┼──────────────────────┘  │     │
 *      │                   │  │  └─ run ended ── dirty ◀───┤ changed, elsewhere
 *      │                   │  └──── run ended ── stopping ◀┘ changed, what runs
 *      └───────────────────┼─────────────────────────────────────┘
 *
 * `quit` leads to `ended` from everywhere, through `quitting` while a run has to be stopped.
 */

export type WatchState =
  /** Everything is done; waits for a change. */
  | 'idle'
  /** Something changed; waits for a moment without changes. */
  | 'settling'
  | 'running'
  /** Runs; something changed that does not concern the executing items. */
  | 'dirty'
  /** Stops the run, because an executing item became stale; completed epochs are kept. */
  | 'stopping'
  | 'quitting'
  | 'ended';

export type WatchInput =
  /** A relevant file changed; `concerns`: an executing item depends on it. */
  | { readonly type: 'changed'; readonly concerns: boolean }
  /** A moment passed without changes. */
  | { readonly type: 'quiet' }
  | { readonly type: 'run-ended' }
  /** The user requested a run. */
  | { readonly type: 'run-now' }
  | { readonly type: 'quit' };

type WatchEffect = 'wait-for-quiet' | 'start-run' | 'stop-run' | 'end';

interface Transition {
  readonly state: WatchState;
  readonly effect?: WatchEffect;
}

/** `stale`: a change that concerns an executing item. */
type Cause = WatchInput['type'] | 'stale';

const SETTLE: Transition = { state: 'settling', effect: 'wait-for-quiet' };
const START: Transition = { state: 'running', effect: 'start-run' };
const STOP: Transition = { state: 'stopping', effect: 'stop-run' };
const QUIT: Transition = { state: 'quitting', effect: 'stop-run' };
const END: Transition = { state: 'ended', effect: 'end' };

/** Other inputs change nothing. */
const TRANSITIONS: Readonly<Record<WatchState, { readonly [cause in Cause]?: Transition }>> = {
  idle: { changed: SETTLE, stale: SETTLE, 'run-now': START, quit: END },
  settling: { changed: SETTLE, stale: SETTLE, quiet: START, 'run-now': START, quit: END },
  running: {
    changed: { state: 'dirty' },
    stale: STOP,
    'run-now': { state: 'dirty' },
    'run-ended': { state: 'idle' },
    quit: QUIT,
  },
  dirty: { stale: STOP, 'run-ended': SETTLE, quit: QUIT },
  stopping: { 'run-ended': SETTLE, quit: { state: 'quitting' } },
  quitting: { 'run-ended': END },
  ended: {},
};

export function transition(state: WatchState, input: WatchInput): Transition {
  const cause = input.type === 'changed' && input.concerns ? 'stale' : input.type;
  return TRANSITIONS[state][cause] ?? { state };
}
