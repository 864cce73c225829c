/** Reports an error in a stage's code at the place in pipeline.yaml that names the code. */
import { UserError } from '../error.js';
import type { Item } from '../pipeline/plan.js';
import type { Project } from './project.js';

/** Reports a missing stage module at the place in pipeline.yaml that names it. */
export async function atItsStage(
  { root, variant }: Project,
  item: Item,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof UserError) || error.diagnostics[0]?.code !== 'stage-not-found')
    return error;
  const { placesOf } = await import('../pipeline/places.js');
  return error.at(placesOf({ project: root, ...variant }).run(item.id));
}
