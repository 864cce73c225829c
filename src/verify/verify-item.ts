/** Executes one item again, as often as requested, in fresh folders; and reports the result. */

import { constants, copyFileSync } from 'node:fs';
import path from 'node:path';
import { DamagedObject } from '../cache/cache.js';
import { removeTree } from '../cache/files/remove.js';
import type { Finding, Verified } from '../compare/verified.js';
import { type BuildContext, handleOf, type ItemHandle, itemAt } from '../decide/build-context.js';
import type { Decision } from '../decide/staleness.js';
import type { Failure } from '../event.js';
import type { Execution } from '../execute/attempt.js';
import { executeItem } from '../execute/execute-item.js';
import { ALONE } from '../execute/hold.js';
import { InputSnapshot } from '../execute/input-snapshot.js';
import { makeFolder } from '../sys/make-folder.js';
import { systemMessage } from '../system-message.js';
import { type Compared, compareRun, type Run, total, type VerifyJob } from './compare-run.js';
import { type FreshFolder, makeFreshFolder } from './fresh-folder.js';
import { undeclaredReads } from './undeclared.js';

let folders = 0;

export async function verifyItem(build: BuildContext, job: VerifyJob): Promise<Verified> {
  const started = performance.now();
  const { expected } = job;
  const base = { item: itemAt(build, job.index).id, against: expected.source, tail: [] };
  const ended = (rest: Partial<Verified> & Pick<Verified, 'verdict' | 'findings'>): Verified => ({
    ...base,
    seconds: (performance.now() - started) / 1000,
    ...rest,
  });
  if (build.options.interruption.stop.aborted) return ended({ verdict: 'cancelled', findings: [] });
  const made: string[] = [];
  try {
    const compared: Compared[] = [];
    let first: Run | undefined;
    for (let count = 1; count <= job.runs; count++) {
      const folder = path.join(build.project.cache.tmpFolder('verify'), String(++folders));
      made.push(folder);
      const outcome = await rerun(build, job, folder);
      if (outcome.kind === 'cancelled') return ended({ verdict: 'cancelled', findings: [] });
      if (outcome.kind === 'failed') return ended({ verdict: 'failed', ...outcome });
      compared.push(await compareRun(build, job, outcome.run, first, job.runs > 1 ? count : 0));
      first ??= outcome.run;
    }
    return ended(total(compared));
  } finally {
    // Closing the cache reports files that could not be deleted.
    for (const folder of made) removeTree(folder);
  }
}

type Rerun =
  | { readonly kind: 'run'; readonly run: Run }
  | ({ readonly kind: 'failed' } & Pick<Verified, 'findings' | 'tail' | 'log'>)
  | { readonly kind: 'cancelled' };

async function rerun(build: BuildContext, job: VerifyJob, folder: string): Promise<Rerun> {
  const { index, expected } = job;
  const { key, manifest } = expected;
  let fresh: FreshFolder;
  try {
    fresh = await makeFreshFolder(folder, handleOf(build, index), {
      manifest,
      context: job.context,
    });
  } catch (error) {
    const message = error instanceof DamagedObject ? error.message : systemMessage(error);
    if (message === undefined) throw error;
    return failed(`its deps cannot be copied to a fresh folder: ${message}`);
  }
  const inside = buildIn(build, job, fresh);
  const execution = await executed(handleOf(inside, index), {
    kind: 'run',
    key,
    manifest,
    cause: 'forced',
  });
  if ('text' in execution) return failed(execution.text);
  switch (execution.kind) {
    case 'cancelled':
      return { kind: 'cancelled' };
    case 'failed':
      return whyItFailed(handleOf(build, index), fresh, execution);
    case 'recorded':
      return { kind: 'run', run: { fresh, record: execution.record } };
    default:
      return execution satisfies never;
  }
}

async function executed(
  handle: ItemHandle,
  decision: Decision & { readonly kind: 'run' },
): Promise<Execution | { readonly text: string }> {
  const { build } = handle;
  try {
    const inputs = await InputSnapshot.take(handle);
    return await executeItem(handle, decision, { hold: ALONE, inputs });
  } catch (error) {
    // Interrupted while it waited for a GPU.
    if (build.options.interruption.stop.aborted) return { kind: 'cancelled' };
    const text = systemMessage(error);
    if (text === undefined) throw error;
    return { text };
  }
}

/** The same item in another folder, with fewer epochs if only those are requested. */
function buildIn(
  build: BuildContext,
  { index, epochs }: VerifyJob,
  { root, cache, environments }: FreshFolder,
): BuildContext {
  const items = [...build.project.plan.items];
  // In the fresh folder, the content of a link's target has the name of the dep.
  const deps = itemAt(build, index).deps.map(({ links: _, ...dep }) => dep);
  const item = { ...itemAt(build, index), deps };
  items[index] = item;
  if (epochs !== undefined && item.epochs !== undefined) {
    const { param } = item.epochs;
    const target = Math.min(epochs, item.epochs.target);
    items[index] = { ...item, epochs: param === undefined ? { target } : { target, param } };
  }
  const env = { ...build.project.env, ...environments.variables };
  const project = { ...build.project, root, cache, env, plan: { ...build.project.plan, items } };
  return { ...build, project, done: new Map(), settled: new Map() };
}

function failed(text: string): Rerun {
  return { kind: 'failed', findings: [{ where: '', text }], tail: [] };
}

function whyItFailed(
  handle: ItemHandle,
  { root, environments }: FreshFolder,
  { failure }: Execution & { readonly kind: 'failed' },
): Rerun {
  const { build, index } = handle;
  const { project, codes } = build;
  const { outs } = handle.item;
  const findings: Finding[] = [failure.message, ...environments.missing].map((text) => ({
    where: '',
    text,
  }));
  const log = failure.log === undefined ? undefined : path.join(root, failure.log);
  if (log === undefined) return { kind: 'failed', findings, tail: failure.tail };
  const known = new Set([...outs.map((out) => out.path), ...Object.keys(codes.of(index).files)]);
  for (const read of undeclaredReads(log, { project: project.root, fresh: root, known })) {
    const text = `${read} is in the project but not among the deps, so it was missing`;
    findings.push({ where: '', text });
  }
  return { kind: 'failed', findings, tail: failure.tail, log: keepLog(build, failure, log) };
}

/** The fresh folder is deleted; the log moves to the logs of runs. */
function keepLog({ project }: BuildContext, { log = '' }: Failure, file: string): string {
  const { logs } = project.cache.layout;
  const kept = path.join(logs, path.basename(path.dirname(log)), `verify-${path.basename(log)}`);
  project.cache.refuseLink(path.dirname(kept));
  makeFolder(path.dirname(kept));
  copyFileSync(file, kept, constants.COPYFILE_EXCL);
  return path.relative(project.root, kept);
}
