/** Inputs that are not there: the user's mistake, told before anything is touched. */
import { type Diagnostic, UserError } from '../error.js';
import type { Dep } from '../pipeline/plan.js';
import type { Project } from './project.js';

export interface MissingDep {
  readonly item: string;
  readonly dep: Dep;
}

/** @throws UserError naming every missing dep, when there is one */
export async function refuseMissing(
  { root, variant }: Project,
  missing: readonly MissingDep[],
): Promise<void> {
  if (missing.length === 0) return;
  const { placesOf } = await import('../pipeline/places.js');
  const places = placesOf({ project: root, ...variant });
  throw new UserError(
    missing.map(({ item, dep }): Diagnostic => {
      const place = places.dep(item, dep.name);
      return {
        code: 'missing-input',
        message: `${item}: ${whatIsMissing(dep)}`,
        ...(place && { place }),
        hint: dep.made
          ? 'run it without --only, so that the stage that makes it runs first'
          : 'no stage makes it: put it there, or correct the path in pipeline.yaml',
      };
    }),
  );
}

function whatIsMissing({ glob, gathered, path }: Dep): string {
  if (!glob) return `${path} is not there`;
  return gathered === undefined
    ? `nothing matches ${path}`
    : `not all that ${path} stands for is there`;
}
