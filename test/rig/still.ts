/** Runs with nothing to do, until the next one would be answered from the last. */
import type { Project } from './project.js';
import { answerIn, standingIn } from './within.js';

/** In ms. A time without fractions, be it by chance, is taken for one of a clock of two seconds. */
const LONGEST_TICK = 5_000;
const LEAST_TRIES = 4;

/**
 * Runs a project with nothing to do until its answer is kept: not before its newest file is older
 * than the tick of the clock. False when a run has something to do or to say.
 */
export async function runUntilStill(project: Project, ...argv: string[]): Promise<boolean> {
  const until = Date.now() + LONGEST_TICK;
  // On a machine under load, the first run alone may take longer than the tick.
  for (let tried = 0; tried < LEAST_TRIES || Date.now() < until; tried++) {
    const { code, out, err } = await answerIn(project, 'run', ...argv);
    if (code !== 0 || !/^pipe: 0 ran, 0 restored, \d+ fresh\n$/.test(out + err)) return false;
    if (standingIn(project, ...argv) !== undefined) return true;
  }
  return false;
}
