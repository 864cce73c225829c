import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { transition, type WatchInput, type WatchState } from '../../src/watch/watch-state.js';

const changed = { type: 'changed', concerns: false } as const;
const concerning = { type: 'changed', concerns: true } as const;
const quiet = { type: 'quiet' } as const;
const ended = { type: 'run-ended' } as const;
const quit = { type: 'quit' } as const;

/** The state after the inputs, and all effects in between. */
function reached(...inputs: WatchInput[]): [WatchState, string[]] {
  let state: WatchState = 'idle';
  const effects: string[] = [];
  for (const input of inputs) {
    const next = transition(state, input);
    state = next.state;
    if (next.effect !== undefined) effects.push(next.effect);
  }
  return [state, effects];
}

describe('watch mode', () => {
  it('runs once after a burst of changes', () => {
    expect(reached(changed, changed, changed, quiet)).toEqual([
      'running',
      ['wait-for-quiet', 'wait-for-quiet', 'wait-for-quiet', 'start-run'],
    ]);
  });

  it('runs again after a run during which something else changed', () => {
    expect(
      reached(changed, quiet, changed, ended, quiet)[1].filter((effect) => effect === 'start-run'),
    ).toHaveLength(2);
  });

  it('stops the run when an executing item becomes stale, and then starts again', () => {
    expect(reached(changed, quiet, concerning)).toEqual([
      'stopping',
      ['wait-for-quiet', 'start-run', 'stop-run'],
    ]);
    expect(reached(changed, quiet, concerning, changed, quiet)[0]).toBe('stopping');
    expect(reached(changed, quiet, concerning, ended, quiet)[0]).toBe('running');
  });

  it('ends after the stopped run has ended', () => {
    expect(reached(changed, quiet, quit)).toEqual([
      'quitting',
      ['wait-for-quiet', 'start-run', 'stop-run'],
    ]);
    expect(reached(changed, quiet, quit, ended)[0]).toBe('ended');
    expect(reached(quit)).toEqual(['ended', ['end']]);
  });

  it('never has two runs at a time, whatever comes', () => {
    const input = fc.constantFrom<WatchInput>(changed, concerning, quiet, quit, {
      type: 'run-now',
    });
    const inputs = fc.array(fc.oneof(input, fc.constant(ended)), { maxLength: 60 });
    fc.assert(
      fc.property(inputs, (all) => {
        let state: WatchState = 'idle';
        let running = 0;
        for (const each of all) {
          // A run ends only when there is one.
          if (each.type === 'run-ended') {
            if (running === 0) continue;
            running = 0;
          }
          const next = transition(state, each);
          state = next.state;
          if (next.effect === 'start-run') running++;
          expect(running).toBeLessThanOrEqual(1);
          expect(running === 1).toBe(['running', 'dirty', 'stopping', 'quitting'].includes(state));
        }
      }),
    );
  });
});
