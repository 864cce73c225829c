/** Which executor an item runs on. Loaded by every run; everything else of this folder only when it is needed. */
import type { BuildContext } from '../decide/build-context.js';
import type { Item } from '../pipeline/plan.js';

/** The machine of the run itself. */
export const LOCAL = 'local';

/** The stage decides, then the command line, then `PIPE_EXECUTOR`. */
export function executorOf({ project, options }: BuildContext, item: Item): string {
  return item.executor ?? options.executor ?? (project.env.PIPE_EXECUTOR || LOCAL);
}
