/** Saves the answer of a no-op run, with its read set, for the next run. */
import { keepStill, questionOf } from '../cache/scan/stills.js';
import type { RunResult } from '../decide/options.js';
import type { Project } from '../decide/project.js';
import { PYTHON_VARIABLES } from '../trace/python/locate.js';

/**
 * Saves the answer to the same command line, valid while the read set is unchanged.
 *
 * @param argv from the name of the command on
 */
export function noteStill(
  project: Project,
  { items }: RunResult,
  argv: readonly string[],
  answer: string,
): void {
  const { cache, plan, env, dist } = project;
  const { all } = cache.looks;
  if (all === undefined || items.some(({ verdict }) => verdict !== 'fresh')) return;
  const names = plan.items.flatMap((item) => [
    ...item.env,
    ...(item.packages === undefined ? [] : PYTHON_VARIABLES),
  ]);
  const question = questionOf({ layout: cache.layout, dist, argv, env }, names);
  const { own, behind } = all;
  keepStill(cache.layout.stills, { question, answer, savedAt: Date.now(), own, behind });
}
