/** One execution of an item, from clean outs to a record; with its retries. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RecordedOut, RunRecord } from '../cache/record.js';
import { canonical } from '../canonical.js';
import type { Failure } from '../event.js';
import type { Manifest } from '../manifest.js';
import type { Item } from '../pipeline/plan.js';
import { stageEnvironment } from '../process/environment.js';
import { type Command, execute } from '../process/execute.js';
import { acquireGpus, type GpuLease } from '../process/lease.js';
import { fileNameOf } from '../process/names.js';
import { describeEnding, type Outcome, succeeded } from '../process/outcome.js';
import { followProgress } from '../process/progress.js';
import type { Decision } from './decide.js';
import { EpochRun } from './epoch-run.js';
import { explain } from './explain.js';
import { matchedPaths } from './glob.js';
import { inputsOf, paramsTree } from './inputs.js';
import { cacheOf, itemAt, type Work } from './work.js';

export type Execution =
  | {
      readonly kind: 'recorded';
      readonly record: RunRecord;
      readonly reason: string;
      readonly epochs?: { readonly computed: number; readonly reached: number };
    }
  | { readonly kind: 'failed'; readonly reason: string; readonly failure: Failure }
  | { readonly kind: 'cancelled' };

/** From SIGTERM to SIGKILL: long enough to write a file, short enough to wait for. */
const GRACE_SECONDS = 5;

/** Executes the item, again after a failure as often as it may be retried. */
export async function executeItem(
  work: Work,
  index: number,
  decision: Decision & { kind: 'run' },
): Promise<Execution> {
  const item = itemAt(work, index);
  const code = work.codes.of(index);
  const reason = explain(work.project, item, code, decision)[0]?.text ?? 'stale';
  const lease = await leaseOf(work, item);
  try {
    for (let attempt = 0; ; attempt++) {
      const execution = await attemptItem(work, index, decision, reason, lease);
      if (execution.kind !== 'failed' || attempt >= item.retries) return execution;
      const message = `${execution.failure.message}; try ${attempt + 2} of ${item.retries + 1}`;
      work.emit({ type: 'warning', item: item.id, message });
    }
  } finally {
    lease?.release();
  }
}

async function leaseOf(work: Work, item: Item): Promise<GpuLease | undefined> {
  if (item.resources.gpu === 0) return undefined;
  return acquireGpus(item.resources.gpu, {
    doing: `${item.id} of ${work.project.root}`,
    env: work.project.env,
    signal: work.options.interruption.stop,
    onWait: (reason) => work.emit({ type: 'waiting', item: item.id, reason }),
  });
}

async function attemptItem(
  work: Work,
  index: number,
  decision: Decision & { kind: 'run' },
  reason: string,
  lease: GpuLease | undefined,
): Promise<Execution> {
  const item = itemAt(work, index);
  const afresh = decision.cause === 'forced';
  let computed = 0;
  for (let start = 0; ; start++) {
    const scratch = new Scratch(work, item);
    // Started once more because of early stopping, the chain is this run's own.
    const epochs = await EpochRun.prepare(
      work,
      item,
      decision.manifest,
      scratch.folder,
      afresh && start === 0,
    );
    try {
      await clearOuts(work, item);
      if (start === 0) announce(work, item, { reason, scratch, lease, epochs });
      const outcome = await launchItem(work, index, scratch, lease, epochs);
      computed += epochs?.computed ?? 0;
      const stopped = work.options.interruption.stop.aborted;
      if (epochs?.endsEarlier && epochs.mistake === undefined && !stopped) continue;
      return await conclude(work, index, decision, { reason, scratch, outcome, epochs, computed });
    } finally {
      epochs?.close();
      scratch.remove();
    }
  }
}

interface Attempt {
  readonly reason: string;
  readonly scratch: Scratch;
  readonly epochs: EpochRun | undefined;
}

function announce(
  work: Work,
  item: Item,
  { reason, scratch, lease, epochs }: Attempt & { lease: GpuLease | undefined },
): void {
  const expected = cacheOf(work).readLast(item.id)?.seconds;
  work.emit({
    type: 'start',
    item: item.id,
    action: 'run',
    reason,
    log: scratch.log,
    ...(epochs === undefined ? {} : { epochs: epochs.span }),
    ...(lease === undefined ? {} : { gpus: lease.indices }),
    ...(expected === undefined ? {} : { expected }),
  });
}

interface Concluding extends Attempt {
  readonly outcome: Outcome;
  /** Epochs, over all starts. */
  readonly computed: number;
}

/** Checks that the result may be believed, stores the outs, and writes the record last. */
async function conclude(
  work: Work,
  index: number,
  decision: Decision & { kind: 'run' },
  { reason, scratch, outcome, epochs, computed }: Concluding,
): Promise<Execution> {
  const item = itemAt(work, index);
  const fail = (message: string): Execution => ({
    kind: 'failed',
    reason,
    failure: failureOf(item, message, outcome, scratch.log),
  });
  if (outcome.ending.how === 'stopped' && work.options.interruption.stop.aborted)
    return { kind: 'cancelled' };
  if (epochs?.mistake !== undefined) return fail(epochs.mistake);
  if (!succeeded(outcome)) return fail(describeEnding(outcome.ending));
  const short = epochs?.shortfall();
  if (short !== undefined) return fail(short);
  const cache = cacheOf(work);
  for (const out of item.outs) cache.forget(out.path);
  const absent = item.outs.filter((out) => cache.scanSync(out.path) === undefined);
  if (absent.length > 0) return fail(`did not write ${absent.map((out) => out.path).join(', ')}`);
  const changed = changedInput(work, index, decision.manifest);
  if (changed !== undefined)
    return fail(`${changed} changed while it ran: the result is not recorded`);
  const record: RunRecord = {
    format: 1,
    key: decision.key,
    item: item.id,
    manifest: decision.manifest,
    files: work.codes.of(index).files,
    outs: await storeOuts(work, item),
    seconds: outcome.seconds,
  };
  await cache.writeRecord(record);
  cache.writeLast(item.id, record);
  return epochs === undefined
    ? { kind: 'recorded', record, reason }
    : { kind: 'recorded', record, reason, epochs: { computed, reached: epochs.reached } };
}

async function storeOuts(work: Work, item: Item): Promise<RecordedOut[]> {
  const outs: RecordedOut[] = [];
  for (const out of item.outs) {
    const { digest, size, files } = await cacheOf(work).storeOut(out.path);
    outs.push({ name: out.name, digest, size, files });
  }
  return outs;
}

/** Old outs are gone and parent folders exist when a process starts. */
async function clearOuts(work: Work, item: Item): Promise<void> {
  const cache = cacheOf(work);
  for (const out of item.outs) {
    await cache.removeOut(out.path);
    mkdirSync(path.dirname(path.join(work.project.root, out.path)), { recursive: true });
  }
}

/** The first dep or script whose content is no longer what the key was made of. */
function changedInput(work: Work, index: number, manifest: Manifest): string | undefined {
  const item = itemAt(work, index);
  const now = inputsOf(item, work.codes.of(index), work.project, true);
  if (now.kind === 'missing') return now.deps[0]?.path;
  const dep = item.deps.find((each) => now.manifest.deps[each.name] !== manifest.deps[each.name]);
  return dep?.path ?? work.codes.changedScript(index);
}

async function launchItem(
  work: Work,
  index: number,
  scratch: Scratch,
  lease: GpuLease | undefined,
  epochs: EpochRun | undefined,
): Promise<Outcome> {
  const item = itemAt(work, index);
  const { project, options } = work;
  const { env } = project;
  const progress = followProgress(scratch.progress, (step) =>
    work.emit({ type: 'progress', item: item.id, ...step }),
  );
  const secrets = item.secrets
    .map((name) => env[name])
    .filter((value) => value !== undefined && value !== '');
  const stop =
    epochs === undefined
      ? options.interruption.stop
      : AbortSignal.any([options.interruption.stop, epochs.stop]);
  try {
    epochs?.watch();
    const outcome = await execute({
      command: commandOf(work, index, scratch),
      cwd: project.root,
      env: stageEnvironment(env, {
        progress: scratch.progress,
        context: item.action.kind === 'module' ? scratch.context : undefined,
        gpus: lease?.visible,
        epochs: epochs?.env,
      }),
      log: path.join(project.root, scratch.log),
      secrets: secrets as string[],
      timeout: item.timeout,
      grace: GRACE_SECONDS,
      stop,
      kill: options.interruption.kill,
    });
    await epochs?.drain();
    return outcome;
  } finally {
    progress.close();
  }
}

function commandOf(work: Work, index: number, scratch: Scratch): Command {
  const item = itemAt(work, index);
  if (item.action.kind === 'shell') return { kind: 'shell', command: item.action.command };
  if (item.action.kind === 'argv') return { kind: 'argv', argv: item.action.argv };
  writeFileSync(scratch.context, canonical(contextOf(work, item)));
  const bundle = work.codes.bundleFor(index);
  return { kind: 'module', host: path.join(work.project.dist, 'stage-host.mjs'), bundle };
}

/** What the stage host gives to a TypeScript stage. */
function contextOf(work: Work, item: Item): object {
  const absolute = (relative: string) => path.join(work.project.root, relative);
  const deps = item.deps.map((dep) => [
    dep.name,
    dep.glob ? matchedPaths(work.project.root, dep).map(absolute) : absolute(dep.path),
  ]);
  return {
    item: item.id,
    matrix: item.matrix,
    params: paramsTree(item.params),
    deps: Object.fromEntries(deps),
    outs: Object.fromEntries(item.outs.map((out) => [out.name, absolute(out.path)])),
  };
}

function failureOf(item: Item, message: string, outcome: Outcome, log: string): Failure {
  const { ending, tail } = outcome;
  return {
    message,
    command: describeAction(item),
    ...(ending.how === 'exit' ? { exitCode: ending.code } : {}),
    ...(ending.how === 'signal' ? { signal: ending.signal } : {}),
    log,
    tail,
  };
}

export function describeAction({ action }: Item): string {
  switch (action.kind) {
    case 'module':
      return action.file;
    case 'shell':
      return action.command;
    case 'argv':
      return action.argv.join(' ');
    default:
      return action satisfies never;
  }
}

let executions = 0;

/** The files of one execution: its log, which stays, and what is thrown away when it ends. */
class Scratch {
  /** Relative to the project. */
  readonly log: string;
  readonly context: string;
  readonly progress: string;
  readonly folder: string;

  constructor(work: Work, item: Item) {
    const { layout } = cacheOf(work);
    const stamp = new Date().toISOString().replaceAll(':', '-');
    const log = path.join(layout.logs, fileNameOf(item.id), `${stamp}.log`);
    this.log = path.relative(work.project.root, log);
    this.folder = cacheOf(work).tmpFolder(`execution-${++executions}`);
    this.context = path.join(this.folder, 'context.json');
    this.progress = path.join(this.folder, 'progress');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
