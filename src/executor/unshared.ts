/**
 * Jobs on nodes that share no folder with the run: their inputs and results go through the remote
 * cache.
 */
import path from 'node:path';
import { type BuildContext, handleOf, itemAt } from '../decide/build-context.js';
import type { Decision } from '../decide/staleness.js';
import { userError } from '../error.js';
import { type Ended, runItem } from '../execute/run-item.js';
import { chainManifest, keyOf } from '../manifest.js';
import { quotePlain } from '../pipeline/items/shell-quote.js';
import { withNeeds } from '../pipeline/select.js';
import type { RemoteCache } from '../remote/remote-cache.js';
import { isResult, readJob } from './job-file.js';
import { type Over, wordOf } from './job-outcome.js';
import type { Queue } from './job-queue.js';

/** What the items of a run share. */
export interface Unshared {
  readonly build: BuildContext;
  readonly remote: RemoteCache;
  /** Keys of results that the remote cache has. */
  readonly there: Set<string>;
}

/** @throws UserError without a remote cache */
export function openUnshared(build: BuildContext): Unshared {
  const { remote } = build;
  if (remote === undefined)
    throw userError(
      'no-remote',
      '`checkout` in pipe.local.yaml needs a remote cache, and this run has none',
      'set `remote:` in pipeline.yaml, or PIPE_REMOTE',
    );
  return { build, remote, there: new Set() };
}

/** The jobs of one item on such nodes, seen through the remote cache. */
export class UnsharedItem {
  readonly #shared: Unshared;
  readonly #index: number;
  #decision: Decision | undefined;
  /** Epochs that the remote cache had when last asked. */
  #epochs = 0;

  constructor(shared: Unshared, index: number) {
    this.#shared = shared;
    this.#index = index;
  }

  /** Sends the results of all items that this one needs. */
  async provide(): Promise<void> {
    const { build, remote, there } = this.#shared;
    const { project, done } = build;
    // Visits each item once, because a chain of diamonds in the graph has exponentially many paths.
    for (const need of withNeeds(project.plan, itemAt(build, this.#index).needs)) {
      const key = done.get(need)?.key;
      if (key === undefined || there.has(key)) continue;
      const record = project.cache.readRecord(key);
      if (record !== undefined && (await remote.results.send(record))) there.add(key);
    }
  }

  /** Remembers the decision about the item: what its job will compute. */
  expect(decision: Decision): void {
    this.#decision = decision;
  }

  /** The result, if the remote cache has it. */
  async take(): Promise<Ended | undefined> {
    const { build } = this.#shared;
    const options = { ...build.options, force: false, pull: {} };
    const ended = await runItem(handleOf({ ...build, options }, this.#index));
    return isResult(ended) ? ended : undefined;
  }

  /** Epochs that the remote cache has gained since the last call. */
  async newEpochs(): Promise<number> {
    const { build, remote } = this.#shared;
    const { epochs, id: item } = itemAt(build, this.#index);
    if (epochs === undefined || this.#decision?.kind !== 'run') return 0;
    const manifest = chainManifest(this.#decision.manifest, epochs.param);
    const chain = keyOf(manifest);
    await remote.epochs.take({ item, chain, manifest }, () => 0);
    const known = this.#epochs;
    this.#epochs = build.project.cache.chains.readEpochs(chain).length;
    return this.#epochs - known;
  }

  /**
   * The result of a job that is over; if there is none, the number of its epochs.
   *
   * @param latency seconds that a result may take to appear after a successful job
   */
  async resultOf(over: Over, queue: Queue, latency: number): Promise<Over | Ended> {
    const isWell = over.cause === undefined || /^(?:COMPLETED|done)$/.test(wordOf(over));
    const deadline = performance.now() + (isWell ? latency * 1000 : 0);
    do {
      const ended = await this.take();
      if (ended !== undefined) return ended;
      await queue.next();
    } while (performance.now() < deadline);
    return { ...over, epochs: await this.newEpochs() };
  }
}

/**
 * Lines of the job's script that fetch the inputs from the remote cache and write the job file,
 * which the node lacks.
 */
export function bringLines(
  { project }: BuildContext,
  index: number,
  { file, pipe }: { readonly file: string; readonly pipe: string },
): string[] {
  const { items } = project.plan;
  const needs = (items[index]?.needs ?? []).map((need) => items[need]?.id ?? '');
  const { profiles, set, file: pipeline } = project.variant;
  const inside = pipeline === undefined ? {} : { file: path.relative(project.root, pipeline) };
  const job = readJob(path.join(project.root, file));
  const text = JSON.stringify({ ...job, unshared: true, variant: { ...job?.variant, ...inside } });
  const words = [
    ...(inside.file === undefined ? [] : ['--file', inside.file]),
    ...profiles.flatMap((profile) => ['--profile', profile]),
    ...set.flatMap((each) => ['--set', each]),
    ...needs,
  ];
  const folder = path.dirname(file);
  const nonce = path.basename(folder);
  return [
    ...(needs.length === 0
      ? []
      : [`${pipe} pull ${words.map((word) => quotePlain(word)).join(' ')} || exit`]),
    `mkdir -p ${quotePlain(folder)}`,
    `printf %s ${quotePlain(text)} > ${quotePlain(file)}`,
    `echo ${nonce} > ${quotePlain(path.join(path.dirname(folder), 'current'))}`,
  ];
}
