/**
 * Chooses the executor of an item. Every run loads this file; it loads the rest of this folder only
 * if needed.
 */
import type { RunOptions } from '../decide/options.js';
import type { Project } from '../decide/project.js';
import type { Item } from '../pipeline/plan.js';

/** The machine on which the run itself executes. */
export const LOCAL = 'local';

/** The executors that need no description in pipe.local.yaml. */
export const BUILT_IN: readonly string[] = [LOCAL, 'slurm'];

interface Choice {
  readonly project: Pick<Project, 'env'>;
  readonly options: Pick<RunOptions, 'executor'>;
}

/** The stage's choice, else the command line's, else `PIPE_EXECUTOR`. */
export function executorOf({ project, options }: Choice, item: Pick<Item, 'executor'>): string {
  return item.executor ?? options.executor ?? (project.env.PIPE_EXECUTOR || LOCAL);
}
