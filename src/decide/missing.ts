/** Inputs that are not there: the user's mistake, told before anything is touched. */
import { type Diagnostic, UserError } from '../error.js';
import type { Dep } from '../pipeline/plan.js';
import type { Work } from './work.js';

export interface MissingDep {
  readonly item: string;
  readonly dep: Dep;
}

/** @throws UserError naming every missing dep, when there is one */
export async function refuseMissing(
  { project: { root, variant }, options }: Work,
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
        hint: cureOf(dep, options.only),
      };
    }),
  );
}

/** A dep that was to be made, and is missing when all that its item needs has run: in a sentence, with the cure. */
export function missingAfterAll(dep: Dep): string {
  return `missing input: ${whatIsMissing(dep)}; ${cureOf(dep, false)}`;
}

function whatIsMissing({ glob, gathered = [], path }: Dep): string {
  if (!glob) return `${path} is not there`;
  return gathered.length === 0
    ? `nothing matches ${path}`
    : `not all that ${path} stands for is there`;
}

function cureOf({ made }: Dep, only: boolean): string {
  if (!made) return 'no stage makes it: put it there, or correct the path in pipeline.yaml';
  return only
    ? 'run it without --only, so that the stage that makes it runs first'
    : 'what should make it has run without: correct that stage, or the path in pipeline.yaml';
}
