/** `pipe verify`: executes items again in fresh folders, without the cache, and compares the results. */
import type { Verified } from '../compare/verified.js';
import type { Surroundings } from '../decide/inputs.js';
import { workFor } from '../decide/inspection.js';
import type { Interruption } from '../decide/options.js';
import { Overlay, outlooks } from '../decide/outlook.js';
import type { Project } from '../decide/project.js';
import { itemAt, neverAlways, type Work } from '../decide/work.js';
import type { Emit } from '../event.js';
import { createJobQueue } from '../execute/queue.js';
import { capacityOf, refuseTooManyGpus } from '../execute/resources.js';
import { LOCK_FILE, type LockSection, sectionOf } from '../lock/file.js';
import { readLockFile } from '../lockfile/disk.js';
import { select } from '../pipeline/select.js';
import { thisMachine } from '../process/machine.js';
import { expectations } from './expected.js';
import { verifyItem } from './item.js';
import { mismatches } from './mismatch.js';

export interface VerifyOptions {
  /** Stages, items or patterns; none: all. */
  readonly targets: readonly string[];
  /** Number of executions of each. */
  readonly runs: number;
  /** Of incremental items: compute so many epochs from the beginning, and compare only their states. */
  readonly epochs: number | undefined;
  readonly concurrency: number | undefined;
  readonly interruption: Interruption;
}

/**
 * Executes the targets on existing inputs.
 *
 * @param tell receives messages about the executions
 * @param onVerified receives each item as soon as it is done
 * @returns of every target, in plan order
 * @throws UserError when an item cannot be executed or compared
 */
export async function verify(
  project: Project,
  options: VerifyOptions,
  tell: Emit,
  onVerified: (verified: Verified) => void,
): Promise<Verified[]> {
  const work = await workToVerify(project, options, tell);
  const targets = select(project.plan, options.targets);
  const { runs, epochs } = options;
  const found = await outlooks(neverAlways(work));
  const section = lockedSection(project);
  const differing = section === undefined ? new Map() : mismatches(work, found, section);
  const executed = targets.filter((index) => !differing.has(index));
  const expected = expectations(work, found, section, executed, { runs, epochs });
  const overlay = new Overlay(work);
  for (const [index, outlook] of found) {
    if (outlook.kind === 'restore') overlay.lay(itemAt(work, index), outlook.record);
  }
  const around: Surroundings = { ...project, ...overlay.eyes };
  await refuseTooManyGpus(work, executed);
  const queue = await createJobQueue(await capacityOf(work, executed, thisMachine()));
  const verified = new Map<number, Verified>();
  const end = (index: number, found: Verified) => {
    const result = work.conceal.value(found);
    verified.set(index, result);
    onVerified(result);
  };
  for (const index of targets) {
    const text = differing.get(index);
    if (text !== undefined) end(index, differsFromLock(itemAt(work, index).id, text));
  }
  let bug: unknown;
  for (const [index, each] of expected) {
    const item = itemAt(work, index);
    const job = {
      index,
      expected: each,
      runs,
      epochs: item.epochs === undefined ? undefined : epochs,
      around,
    };
    queue
      .add(
        async () => {
          if (bug !== undefined) return;
          end(index, await verifyItem(work, job));
        },
        { need: item.resources, priority: 0 },
      )
      .catch((error: unknown) => {
        bug ??= error;
      });
  }
  await queue.onIdle();
  if (bug !== undefined) throw bug;
  return targets.map((index) => verified.get(index) as Verified);
}

function lockedSection({ root, variant }: Project): LockSection | undefined {
  const name = sectionOf(variant);
  return name === undefined ? undefined : readLockFile(root)?.get(name);
}

function differsFromLock(item: string, text: string): Verified {
  const findings = [{ where: '', text }];
  return { item, verdict: 'differs', against: LOCK_FILE, seconds: 0, findings, tail: [] };
}

function workToVerify(project: Project, options: VerifyOptions, emit: Emit): Promise<Work> {
  const { targets, concurrency, interruption } = options;
  return workFor(
    project,
    {
      targets,
      only: false,
      force: false,
      dry: true,
      frozen: false,
      keepGoing: true,
      ...(concurrency === undefined ? {} : { concurrency }),
      interruption,
    },
    emit,
  );
}
