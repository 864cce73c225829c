/** Saves the answer of a no-op run, with its read set, for the next run. */

import { PYTHON_VARIABLES } from '../code/python/find-interpreter.js';
import type { RunResult } from '../decide/options.js';
import type { Project } from '../decide/project.js';
import { keepAnswer, questionOf } from '../noop/answers.js';

/**
 * Saves the answer to the same command line, valid while the read set is unchanged.
 *
 * @param argv from the name of the command on
 */
export function noteAnswer(
  project: Project,
  { items }: RunResult,
  argv: readonly string[],
  answer: string,
): void {
  const { cache, plan, env, dist } = project;
  const { all } = cache.readSet;
  if (all === undefined || items.some(({ verdict }) => verdict !== 'fresh')) return;
  const names = plan.items.flatMap((item) => [
    ...item.env,
    ...(item.packages === undefined ? [] : PYTHON_VARIABLES),
  ]);
  const question = questionOf({ layout: cache.layout, dist, argv, env }, names);
  const { own, behind } = all;
  keepAnswer(cache.layout.stills, { question, answer, savedAt: Date.now(), own, behind });
}
