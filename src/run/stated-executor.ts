/** Checks the executor that the command line or PIPE_EXECUTOR names. */
import path from 'node:path';
import type { RunOptions } from '../decide/options.js';
import type { Project } from '../decide/project.js';
import { BUILT_IN, executorOf } from '../executor/choice.js';

/**
 * The same answer whether or not anything has to run.
 *
 * @throws UserError when there is no such executor
 */
export async function refuseUnknownExecutor(project: Project, options: RunOptions): Promise<void> {
  const name = executorOf({ project, options }, {});
  if (options.pull || BUILT_IN.includes(name)) return;
  const { LOCAL_FILE, readSite } = await import('../executor/site.js');
  const { schedulerOf } = await import('../executor/schedulers.js');
  project.cache.readSet.stat(path.join(project.root, LOCAL_FILE));
  schedulerOf(project, name, readSite(project));
}
