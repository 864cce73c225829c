/** Code of a `run:` stage: one bundle of its local imports, and the packages that it uses. */

import { realPath } from '../sys/real-place.js';
import { executable } from './executable.js';
import type { FsSnapshot } from './fs-snapshot.js';
import { requireCovered } from './opaque.js';
import { StoredTrace, type TraceCache } from './trace-cache.js';
import type { Traced } from './traced.js';

export interface TraceOptions {
  /** Absolute path of pipe's own dist/stage.js, for `pipe-run/stage`. */
  readonly stageDoor: string;
  /** Paths and patterns of the stage's deps: they may cover an untraceable import. */
  readonly deps: readonly string[];
  readonly traceCache: TraceCache;
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
  const { timeAt } = traceCache;
  const { traced, bundle, opaque, traceInputs } = await bundleModule(root, file, timeAt);
  if (traceInputs !== undefined) {
    const stored = new StoredTrace<Traced>(traceCache, root, 'module', file);
    stored.writeBundle(traced.code.bundle, bundle);
    stored.write({ traceInputs, traced, opaque });
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
  const stored = new StoredTrace<Traced>(traceCache, snapshot.root, 'module', file);
  const kept = stored.read(snapshot);
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
  const root = realPath(project);
  const stored = new StoredTrace<Traced>(traceCache, root, 'module', file);
  const bundle = stored.readBundle(traced.code.bundle);
  return bundle && executable(bundle, { root, stageDoor });
}
