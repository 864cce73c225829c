/** `pipe verify`: executes items again in fresh folders, without the cache, and compares the results. */
import type { Verified } from '../compare/verified.js';
import { type BuildContext, itemAt, neverAlways } from '../decide/build-context.js';
import type { DecisionContext } from '../decide/fingerprint.js';
import { buildFor } from '../decide/inspection.js';
import { type Interruption, NO_OPTIONS } from '../decide/options.js';
import { Overlay } from '../decide/overlay.js';
import { predict } from '../decide/prediction.js';
import type { Project } from '../decide/project.js';
import type { Emit } from '../event.js';
import { createJobQueue } from '../execute/ready-queue.js';
import { capacityOf, refuseTooManyGpus } from '../execute/resources.js';
import { lockNameOf } from '../lockfile/format/sections.js';
import { lockedItems } from '../lockfile/lock-on-disk.js';
import { select } from '../pipeline/select.js';
import { thisMachine } from '../process/machine.js';
import { type Expected, expectations } from './expected-result.js';
import { mismatches } from './mismatch.js';
import { verifyItem } from './verify-item.js';

interface VerifyOptions {
  /** Stages, items or patterns; none: all. */
  readonly targets: readonly string[];
  /** Number of executions of each. */
  readonly runs: number;
  /** For incremental items: compute this many epochs from the beginning, and compare only their states. */
  readonly epochs: number | undefined;
  readonly concurrency: number | undefined;
  readonly interruption: Interruption;
}

/**
 * Executes the targets on existing inputs.
 *
 * @param tell receives messages about the executions
 * @param onVerified receives each item as soon as it is done
 * @returns the results of all targets, in plan order
 * @throws UserError when an item cannot be executed or compared
 */
export async function verify(
  project: Project,
  options: VerifyOptions,
  tell: Emit,
  onVerified: (verified: Verified) => void,
): Promise<Verified[]> {
  // A killed verification leaves copies of its inputs, which may be private.
  project.cache.sweepTmp();
  const build = await buildToVerify(project, options, tell);
  const targets = select(project.plan, options.targets);
  const { runs, epochs } = options;
  const found = await predict(neverAlways(build));
  const section = lockedItems(project);
  const differing = section === undefined ? new Map() : mismatches(build, found, section);
  const executed = targets.filter((index) => !differing.has(index));
  const expected = expectations(build, found, section, executed, { runs, epochs });
  const overlay = new Overlay(build.project);
  for (const [index, outlook] of found) {
    if (outlook.kind === 'restore') overlay.lay(itemAt(build, index), outlook.record);
  }
  const context: DecisionContext = { ...project, ...overlay.view };
  await refuseTooManyGpus(build, executed);
  const verified = new Map<number, Verified>();
  const end = (index: number, found: Verified) => {
    const result = build.conceal.value(found);
    verified.set(index, result);
    onVerified(result);
  };
  for (const index of targets) {
    const text = differing.get(index);
    if (text !== undefined) end(index, differsFromLock(build, index, text));
  }
  await inParallel(build, [...expected.keys()], async (index) => {
    const isIncremental = itemAt(build, index).epochs !== undefined;
    const job = {
      index,
      expected: expected.get(index) as Expected,
      runs,
      epochs: isIncremental ? epochs : undefined,
      context,
    };
    end(index, await verifyItem(build, job));
  });
  return targets.map((index) => verified.get(index) as Verified);
}

/** As many items at once as their resources allow. The first exception starts no more of them. */
async function inParallel(
  build: BuildContext,
  indices: readonly number[],
  execute: (index: number) => Promise<void>,
): Promise<void> {
  const machine = thisMachine(build.project.env);
  const queue = await createJobQueue(await capacityOf(build, indices, machine));
  let bug: unknown;
  for (const index of indices) {
    const job = async () => {
      if (bug === undefined) await execute(index);
    };
    queue
      .add(job, { need: itemAt(build, index).resources, priority: 0 })
      .catch((error: unknown) => {
        bug ??= error;
      });
  }
  await queue.onIdle();
  if (bug !== undefined) throw bug;
}

function differsFromLock({ project }: BuildContext, index: number, text: string): Verified {
  const item = project.plan.items[index]?.id as string;
  const findings = [{ where: '', text }];
  return { item, verdict: 'differs', against: lockNameOf(project), seconds: 0, findings, tail: [] };
}

function buildToVerify(
  project: Project,
  options: VerifyOptions,
  emit: Emit,
): Promise<BuildContext> {
  const { targets, concurrency, interruption } = options;
  const cores = concurrency === undefined ? {} : { concurrency };
  const wanted = { ...NO_OPTIONS, targets, dry: true, keepGoing: true, ...cores, interruption };
  return buildFor(project, wanted, emit);
}
