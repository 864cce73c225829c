/** The code of a `run:` stage: one bundle of all that it imports locally, and the packages that it uses. */
import { realpathSync } from 'node:fs';
import { executable } from './executable.js';
import {
  readBundle,
  readTrace,
  type Shelf,
  traceName,
  unknownTime,
  writeBundle,
  writeTrace,
} from './kept.js';
import { requireCovered } from './opaque.js';
import type { Sight } from './sight.js';
import type { Traced } from './traced.js';

export interface TraceOptions {
  /** Absolute path of the module that `pipe-run/stage` stands for: the tool's own dist/stage.js. */
  readonly stageDoor: string;
  /** Paths and patterns of the stage's deps: they may cover an import that cannot be traced. */
  readonly deps: readonly string[];
  /** Where traces are kept; absent: they are not. */
  readonly shelf?: Shelf;
}

export interface TracedModule extends Traced {
  /** An ES module that runs from any folder of this machine, with its source map. */
  readonly executable: string;
}

/**
 * Traces the module `file` (relative to `project`, an absolute path), and keeps the trace.
 *
 * @throws UserError for mistakes in the code, all at once
 */
export async function traceModule(
  project: string,
  file: string,
  options: TraceOptions,
): Promise<TracedModule> {
  const root = realpathSync(project);
  const { bundleModule } = await import('./bundle.js');
  const { shelf, deps, stageDoor } = options;
  const timeAt = shelf?.timeAt ?? unknownTime;
  const { traced, bundle, opaque, basis } = await bundleModule(root, file, timeAt);
  if (shelf !== undefined && basis !== undefined) {
    const name = traceName(shelf, root, 'module', file);
    writeBundle(shelf, name, traced.code.bundle, bundle);
    writeTrace(shelf, name, { basis, traced, opaque });
  }
  requireCovered(opaque, deps, root);
  return { ...traced, executable: executable(bundle, { root, stageDoor }) };
}

/**
 * The kept trace of the module, when nothing that it rests on has changed. `sight` is shared by the
 * traces of one run.
 *
 * @throws UserError for an import that cannot be traced and that no dep covers
 */
export function keptTrace(
  project: string,
  file: string,
  { shelf, deps }: TraceOptions,
  sight: Sight,
): Traced | undefined {
  if (shelf === undefined) return undefined;
  const kept = readTrace<Traced>(shelf, traceName(shelf, sight.root, 'module', file), sight);
  if (kept === undefined) return undefined;
  requireCovered(kept.opaque, deps, project);
  return kept.traced;
}

/** The text to execute of a trace that was kept; undefined when it is gone: then trace anew. */
export function keptExecutable(
  project: string,
  file: string,
  traced: Traced,
  { shelf, stageDoor }: TraceOptions,
): string | undefined {
  if (shelf === undefined) return undefined;
  const root = realpathSync(project);
  const bundle = readBundle(shelf, traceName(shelf, root, 'module', file), traced.code.bundle);
  return bundle && executable(bundle, { root, stageDoor });
}
