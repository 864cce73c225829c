/**
 * State machine of watch mode, as one pure function.
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
  readonly effects: readonly WatchEffect[];
}

export function transition(state: WatchState, input: WatchInput): Transition {
  const stay: Transition = { state, effects: [] };
  switch (state) {
    case 'idle':
    case 'settling':
      return atRest(state, input);
    case 'running':
    case 'dirty':
      return whileRunning(state, input);
    case 'stopping':
      if (input.type === 'quit') return { state: 'quitting', effects: [] };
      return input.type === 'run-ended' ? { state: 'settling', effects: ['wait-for-quiet'] } : stay;
    case 'quitting':
      return input.type === 'run-ended' ? { state: 'ended', effects: ['end'] } : stay;
    case 'ended':
      return stay;
    default:
      return state satisfies never;
  }
}

function atRest(state: 'idle' | 'settling', input: WatchInput): Transition {
  switch (input.type) {
    case 'changed':
      return { state: 'settling', effects: ['wait-for-quiet'] };
    case 'quiet':
      return state === 'settling'
        ? { state: 'running', effects: ['start-run'] }
        : { state, effects: [] };
    case 'run-now':
      return { state: 'running', effects: ['start-run'] };
    case 'quit':
      return { state: 'ended', effects: ['end'] };
    case 'run-ended':
      return { state, effects: [] };
    default:
      return input satisfies never;
  }
}

function whileRunning(state: 'running' | 'dirty', input: WatchInput): Transition {
  switch (input.type) {
    case 'changed':
      return input.concerns
        ? { state: 'stopping', effects: ['stop-run'] }
        : { state: 'dirty', effects: [] };
    case 'run-now':
      return { state: 'dirty', effects: [] };
    case 'run-ended':
      return state === 'dirty'
        ? { state: 'settling', effects: ['wait-for-quiet'] }
        : { state: 'idle', effects: [] };
    case 'quit':
      return { state: 'quitting', effects: ['stop-run'] };
    case 'quiet':
      return { state, effects: [] };
    default:
      return input satisfies never;
  }
}
