/** Reports missing inputs, a user error, before anything changes. */
import { type Diagnostic, UserError } from '../error.js';
import { lookAlikeHint } from '../pipeline/look-alike.js';
import type { Dep } from '../pipeline/plan.js';
import type { BuildContext } from './build-context.js';

export interface MissingDep {
  readonly item: string;
  readonly dep: Dep;
}

/** @throws UserError that names every missing dep */
export async function refuseMissing(
  { project: { root, variant }, options }: BuildContext,
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
        hint: hintOf(dep, { root, only: options.only }),
      };
    }),
  );
}

/** Message and hint for a dep that is still missing after all items that its item needs have run. */
export function missingAfterAll(dep: Dep): string {
  return `${whatIsMissing(dep)}; ${hintOf(dep, {})}`;
}

function whatIsMissing({ glob, gathered = [], path }: Dep): string {
  if (!glob) return `the input ${path} does not exist`;
  return gathered.length === 0
    ? `nothing matches ${path}`
    : `some of the files that ${path} stands for do not exist`;
}

function hintOf(
  { made, glob, path }: Dep,
  { root, only }: { readonly root?: string; readonly only?: boolean },
): string {
  if (!made) {
    const hint = glob || root === undefined ? undefined : lookAlikeHint(root, path);
    return hint ?? 'no stage writes it: add the file, or correct the path in pipeline.yaml';
  }
  return only
    ? 'run it without --only, so that the stage that writes it runs first'
    : 'the stage that should write it ran without writing it: correct that stage, or the path in pipeline.yaml';
}
