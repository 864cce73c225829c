/** Repeats no-op runs until the next one would use the stored answer. */
import type { Project } from './project.js';
import { answerIn, standingIn } from './within.js';

/**
 * In ms. A time without fractions, even by chance, counts as one of a clock with a tick of two
 * seconds.
 */
const LONGEST_TICK = 5_000;

/**
 * Runs a project with nothing to do until its answer is stored, which requires that its newest file
 * is older than the tick of the clock. False if a run has something to do or prints a warning.
 */
export async function runUntilStill(project: Project, ...argv: string[]): Promise<boolean> {
  // The last of them starts after the tick, however long each takes.
  const until = Date.now() + LONGEST_TICK;
  for (let isLast = false; !isLast; ) {
    isLast = Date.now() > until;
    const { code, out, err } = await answerIn(project, 'run', ...argv);
    if (code !== 0 || !/^pipe: 0 ran, 0 restored, \d+ fresh\n$/.test(out + err)) return false;
    if (standingIn(project, ...argv) !== undefined) return true;
  }
  return false;
}
