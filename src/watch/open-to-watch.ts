/** Opens a project with its relevant files; without the project if it is not readable. */
import { inspection } from '../decide/inspection.js';
import type { Variant } from '../decide/options.js';
import { type Host, openProject, type Project } from '../decide/project.js';
import { UserError } from '../error.js';
import { pipelineName } from '../pipeline/root.js';
import type { WatchSet } from './file-watch.js';
import { mistakenPackages } from './outside.js';
import { brokenCode, brokenPipeline, Watched } from './watched.js';

/** What to open. */
export interface Place {
  readonly host: Host;
  readonly variant: Variant;
  readonly targets: readonly string[];
  /** Absolute real path of the project. */
  readonly root: string;
}

export type Opened =
  | { readonly set: Watched; readonly project: Project }
  | { readonly set: WatchSet; readonly project?: undefined; readonly error: UserError };

/** @param known the last set of a valid pipeline */
export async function openToWatch(
  { host, variant, targets, root }: Place,
  known: Watched | undefined,
  warn: (message: string) => void,
): Promise<Opened> {
  let project: Project | undefined;
  try {
    project = await openProject(host, variant, warn);
    return { set: new Watched(await inspection(project, targets)), project };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    project?.cache.close();
    if (project !== undefined)
      return { set: brokenCode(known, mistakenPackages(root, error.diagnostics)), error };
    // The files named in an invalid pipeline.yaml, as far as it is readable.
    const { readsOf } = await import('../pipeline/load.js');
    const reads = readsOf({ project: root, ...variant });
    return { set: brokenPipeline(known, pipelineName(root, variant.file), reads), error };
  }
}
