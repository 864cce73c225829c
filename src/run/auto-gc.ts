/** Automatic gc: after a run that stored something, keeps the cache below its limit. */
import type { GcReport, GcRoots } from '../cache/gc/gc.js';
import type { BuildContext } from '../decide/build-context.js';
import { asVariant, type Project } from '../decide/project.js';
import { UserError } from '../error.js';
import { acquireLock, lockHolder } from '../process/file-lock.js';
import { indexedResults } from '../results/index-file.js';
import { systemMessage } from '../system-message.js';
import { cacheLimit } from './cache-limit.js';
import { rootsOf } from './gc-roots.js';

const LOCK = 'gc';

/** Frees more than needed, so that not every later run has to collect. */
const SHRINK_TO = 0.9;

/** Reports a failed collection, but does not fail a run whose results are stored. */
export async function keepBelowLimit(build: BuildContext): Promise<void> {
  try {
    await collectWhenOver(build);
  } catch (error) {
    const message = error instanceof UserError ? error.message : systemMessage(error);
    if (message === undefined) throw error;
    build.emit({ type: 'warning', message: `garbage collection of the cache failed: ${message}` });
  }
}

async function collectWhenOver({ project, emit, options }: BuildContext): Promise<void> {
  const { cache } = project;
  const limit = cacheLimit(project);
  if (limit === undefined || !(await cache.upkeep.isOver(limit))) return;
  // Another process is collecting already.
  if (lockHolder(cache.layout.locks, LOCK) !== undefined) return;
  const lock = await acquireLock(cache.layout.locks, LOCK, {
    doing: 'gc',
    signal: options.interruption.stop,
  });
  try {
    if (!(await cache.upkeep.isOver(limit))) return;
    const roots = await rootsNow(project);
    await indexedResults(project, options.interruption.stop);
    emit(
      collected(await cache.upkeep.gc({ roots, maxSize: Math.floor(limit * SHRINK_TO) }), limit),
    );
  } finally {
    lock.release();
  }
}

/** Roots of the current pipeline.yaml: with this run's options, and without any. */
async function rootsNow(project: Project): Promise<GcRoots> {
  const { variant } = project;
  const isPlain = variant.profiles.length + variant.set.length === 0;
  const plain = isPlain ? [] : [{ profiles: [], set: [] }];
  const keys: string[] = [];
  const chains: GcRoots['chains'][number][] = [];
  const logs: string[] = [];
  for (const each of [variant, ...plain]) {
    const roots = await rootsOf(await asVariant(project, each));
    keys.push(...roots.keys);
    chains.push(...roots.chains);
    logs.push(...(roots.logs ?? []));
  }
  return { keys, chains, logs };
}

function collected({ removed, bytesBefore, bytesAfter, bytesNeeded }: GcReport, limit: number) {
  const count = (kind: GcReport['removed'][number]['kind']) =>
    removed.filter((each) => each.kind === kind).length;
  const logs = removed.reduce(
    (sum, each) => sum + (each.kind === 'log' ? (each.count ?? 0) : 0),
    0,
  );
  return {
    type: 'collected',
    results: count('result'),
    states: count('state'),
    ...(logs > 0 ? { logs } : {}),
    ...(count('replaced') > 0 ? { replaced: count('replaced') } : {}),
    bytes: bytesBefore - bytesAfter,
    left: bytesAfter,
    needed: bytesNeeded,
    limit,
  } as const;
}
