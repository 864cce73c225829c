/** The schedulers by executor name. */
import type { Project } from '../decide/project.js';
import { userError } from '../error.js';
import { suggest } from '../pipeline/document/suggest.js';
import { BUILT_IN } from './choice.js';
import { described } from './described.js';
import type { Scheduler } from './scheduler.js';
import type { Site } from './site.js';
import { slurm } from './slurm.js';

/** @throws UserError for an unknown executor */
export function schedulerOf(
  { env, root: cwd }: Pick<Project, 'env' | 'root'>,
  name: string,
  site: Site,
): Scheduler {
  if (name === 'slurm') return slurm({ ...site.slurm, env, cwd });
  const own = site.described.get(name);
  if (own !== undefined) return described(name, own, { env, cwd });
  const known = [...BUILT_IN, ...site.described.keys()];
  throw userError(
    'unknown-executor',
    `unknown executor "${name}"`,
    suggest(name, known, 'known executors are'),
  );
}
