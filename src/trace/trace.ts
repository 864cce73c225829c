/** Code of a `run:` stage: one bundle of its local imports, and the packages that it uses. */
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
  /** Absolute path of pipe's own dist/stage.js, for `pipe-run/stage`. */
  readonly stageDoor: string;
  /** Paths and patterns of the stage's deps: they may cover an untraceable import. */
  readonly deps: readonly string[];
  /** The trace cache; absent: none. */
  readonly shelf?: Shelf;
}

export interface TracedModule extends Traced {
  /** An ES module that runs from any folder of this machine, with its source map. */
  readonly executable: string;
}

/**
 * Traces the module `file` (relative to `project`, an absolute path), and caches the trace.
 *
 * @throws UserError with all errors in the code
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
 * The cached trace of the module, if its trace inputs are unchanged. The traces of one run share
 * `sight`.
 *
 * @throws UserError for an untraceable import that no dep covers
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

/** The executable text of a cached trace; undefined when it is gone: trace again. */
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
