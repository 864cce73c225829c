/** Watch mode distinguishes a stage that writes its own input from a user who edits it. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { OwnWrites } from '../../src/watch/own-writes.js';
import { temporaryFolder } from '../cache/project.js';

/** For each execution that a change stops, after some milliseconds: whether the stage made it. */
function verdicts(own: OwnWrites, times: readonly number[]): boolean[] {
  return times.map((after) => {
    own.begin();
    return own.record('src/a.py', new Map([['train', after]])) !== undefined;
  });
}

const made = () => new OwnWrites(temporaryFolder());

it('finds a stage that writes a file after about the same time, in its fourth execution (property)', () => {
  const times = fc.nat({ max: 100_000 }).chain((start) => {
    const noise = fc.nat({ max: Math.floor(900 + 0.08 * start) });
    return fc.array(
      noise.map((late) => start + late),
      { minLength: 4, maxLength: 4 },
    );
  });
  fc.assert(
    fc.property(times, (drawn) => {
      expect(verdicts(made(), drawn)).toEqual([false, false, false, true]);
    }),
  );
});

it('starts over for the edits of a user, which come after any time', () => {
  const times = [40_000, 9_000, 11_000, 70_000, 3_000, 3_500, 25_000, 8_000, 8_200, 2_000];
  expect(verdicts(made(), times)).not.toContain(true);
});

it('ends a loop in any case', () => {
  const times = Array.from({ length: 13 }, (_, at) => (at % 2 === 0 ? 5_000 : 90_000));
  expect(verdicts(made(), times).indexOf(true)).toBe(12);
});

it('forgets a file that did not change in a run that ended', () => {
  const own = made();
  expect(verdicts(own, [10, 10, 10, 10]).at(-1)).toBe(true);
  own.forget();
  expect(verdicts(own, [10])).toEqual([true]);
  own.begin();
  own.forget();
  expect(verdicts(own, [10, 10, 10, 10])).toEqual([false, false, false, true]);
});
