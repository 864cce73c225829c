/** Code of a `run:` stage: one bundle of its local imports, and the packages that it uses. */

import { realPath } from '../sys/real-place.js';
import { executable } from './executable.js';
import type { FsSnapshot } from './fs-snapshot.js';
import { requireCovered } from './opaque.js';
import {
  readBundle,
  readTrace,
  type TraceCache,
  traceName,
  unknownTime,
  writeBundle,
  writeTrace,
} from './trace-cache.js';
import type { Traced } from './traced.js';

export interface TraceOptions {
  /** Absolute path of pipe's own dist/stage.js, for `pipe-run/stage`. */
  readonly stageDoor: string;
  /** Paths and patterns of the stage's deps: they may cover an untraceable import. */
  readonly deps: readonly string[];
  /** The trace cache; absent: none. */
  readonly traceCache?: TraceCache;
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
  const root = realPath(project);
  const { bundleModule } = await import('./bundle.js');
  const { traceCache, deps, stageDoor } = options;
  const timeAt = traceCache?.timeAt ?? unknownTime;
  const { traced, bundle, opaque, traceInputs } = await bundleModule(root, file, timeAt);
  if (traceCache !== undefined && traceInputs !== undefined) {
    const name = traceName(traceCache, root, 'module', file);
    writeBundle(traceCache, name, traced.code.bundle, bundle);
    writeTrace(traceCache, name, { traceInputs, traced, opaque });
  }
  requireCovered(opaque, deps, root);
  return { ...traced, executable: executable(bundle, { root, stageDoor }) };
}

/**
 * The cached trace of the module, if its trace inputs are unchanged. The traces of one run share
 * `snapshot`.
 *
 * @throws UserError for an untraceable import that no dep covers
 */
export function keptTrace(
  project: string,
  file: string,
  { traceCache, deps }: TraceOptions,
  snapshot: FsSnapshot,
): Traced | undefined {
  if (traceCache === undefined) return undefined;
  const kept = readTrace<Traced>(
    traceCache,
    traceName(traceCache, snapshot.root, 'module', file),
    snapshot,
  );
  if (kept === undefined) return undefined;
  requireCovered(kept.opaque, deps, project);
  return kept.traced;
}

/** The executable text of a cached trace; undefined if it is gone and the module must be traced again. */
export function keptExecutable(
  project: string,
  file: string,
  traced: Traced,
  { traceCache, stageDoor }: TraceOptions,
): string | undefined {
  if (traceCache === undefined) return undefined;
  const root = realPath(project);
  const bundle = readBundle(
    traceCache,
    traceName(traceCache, root, 'module', file),
    traced.code.bundle,
  );
  return bundle && executable(bundle, { root, stageDoor });
}
