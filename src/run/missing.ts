/** Inputs that are not there: the user's mistake, told before anything is touched. */
import { type Diagnostic, UserError } from '../error.js';
import type { Dep } from '../pipeline/plan.js';

export interface MissingDep {
  readonly item: string;
  readonly dep: Dep;
}

/** @throws UserError naming every missing dep, when there is one */
export function refuseMissing(missing: readonly MissingDep[]): void {
  if (missing.length === 0) return;
  throw new UserError(
    missing.map(({ item, dep }): Diagnostic => {
      const what = dep.glob ? `nothing matches ${dep.path}` : `${dep.path} is not there`;
      return {
        code: 'missing-input',
        message: `${item}: ${what}`,
        hint: dep.made
          ? 'run it without --only, so that the stage that makes it runs first'
          : 'no stage makes it: put it there, or correct the path in pipeline.yaml',
      };
    }),
  );
}
