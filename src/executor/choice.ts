/** Which executor an item runs on. Loaded by every run; everything else of this folder only when it is needed. */
import type { RunOptions } from '../decide/options.js';
import type { Project } from '../decide/project.js';
import type { Item } from '../pipeline/plan.js';

/** The machine of the run itself. */
export const LOCAL = 'local';

interface Choice {
  readonly project: Pick<Project, 'env'>;
  readonly options: Pick<RunOptions, 'executor'>;
}

/** The stage decides, then the command line, then `PIPE_EXECUTOR`. */
export function executorOf({ project, options }: Choice, item: Pick<Item, 'executor'>): string {
  return item.executor ?? options.executor ?? (project.env.PIPE_EXECUTOR || LOCAL);
}
