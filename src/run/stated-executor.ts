/** Checks the executors that the command line, PIPE_EXECUTOR and the stages of a run name. */
import path from 'node:path';
import type { RunOptions } from '../decide/options.js';
import type { Project } from '../decide/project.js';
import { UserError } from '../error.js';
import { BUILT_IN, executorOf } from '../executor/choice.js';
import type { Site } from '../executor/site.js';
import type { Item } from '../pipeline/plan.js';

/**
 * The same answer whether or not anything has to run.
 *
 * @throws UserError when there is no such executor; for stages, with all places
 */
export async function refuseUnknownExecutors(
  project: Project,
  options: RunOptions,
  selected: readonly number[],
): Promise<void> {
  const stated = executorOf({ project, options }, {});
  // `--frozen` executes nothing, and the clone of a CI has no pipe.local.yaml.
  const named = options.frozen === false ? namedBy(project, selected) : [];
  if (options.pull || (BUILT_IN.includes(stated) && named.length === 0)) return;
  const { LOCAL_FILE, readSite } = await import('../executor/site.js');
  const { schedulerOf } = await import('../executor/schedulers.js');
  project.cache.readSet.stat(path.join(project.root, LOCAL_FILE));
  const site = readSite(project);
  if (!BUILT_IN.includes(stated)) schedulerOf(project, stated, site);
  if (named.length > 0) await refuseNamed(project, named, site);
}

/** An item of each stage that names an executor of the site. */
function namedBy({ plan }: Project, selected: readonly number[]): Item[] {
  const stages = new Map<string, Item>();
  for (const index of selected) {
    const item = plan.items[index] as Item;
    if (item.executor !== undefined && !BUILT_IN.includes(item.executor))
      stages.set(item.stage, item);
  }
  return [...stages.values()];
}

async function refuseNamed(project: Project, items: readonly Item[], site: Site): Promise<void> {
  const { schedulerOf } = await import('../executor/schedulers.js');
  const found = items.flatMap((item) => {
    try {
      schedulerOf(project, item.executor as string, site);
      return [];
    } catch (error) {
      if (error instanceof UserError) return [{ item, error }];
      throw error;
    }
  });
  if (found.length === 0) return;
  const { placesOf } = await import('../pipeline/places.js');
  const places = placesOf({ project: project.root, ...project.variant });
  throw new UserError(
    found.flatMap(({ item, error }) => error.at(places.executor(item.id)).diagnostics),
  );
}
