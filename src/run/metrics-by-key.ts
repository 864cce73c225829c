/** Metrics of items by today's keys: from records, else from pipeline.lock; or from another revision's lock. */
import path from 'node:path';
import type { Digest } from '../cache/objects/digest.js';
import type { RecordedOut } from '../cache/records/record.js';
import {
  type BuildContext,
  handleOf,
  type ItemHandle,
  itemAt,
  neverAlways,
} from '../decide/build-context.js';
import { inspection } from '../decide/inspection.js';
import { digestOfMetric, metricFilesOf } from '../decide/metric-files.js';
import { type Prediction, predict } from '../decide/prediction.js';
import type { Project } from '../decide/project.js';
import { userError } from '../error.js';
import { lockStandings } from '../lockfile/check-keys.js';
import type { LockBlock } from '../lockfile/format/block.js';
import { metricsOf } from '../lockfile/format/locked-metrics.js';
import { parseLock } from '../lockfile/format/parse-lock.js';
import { lockNameOf, sectionOf } from '../lockfile/format/sections.js';
import { readLockFile } from '../lockfile/lock-on-disk.js';
import { holds } from '../lockfile/update.js';
import { select } from '../pipeline/select.js';
import { fileAtRevision } from '../process/git.js';
import { bytesIfThere } from '../sys/if-there.js';

type Numbers = Readonly<Record<string, number>>;

export interface Figures {
  readonly numbers: Numbers;
  /** The numbers belong to the existing outs, not to today's key. */
  readonly stale: boolean;
}

/**
 * Figures of each item with metrics, in plan order; without numbers if there are none, not even
 * stale ones.
 */
export async function metricsToday(
  project: Project,
  targets: readonly string[],
): Promise<Map<string, Figures>> {
  const build = neverAlways(await inspection(project, targets));
  const found = await predict(build);
  const blocks = await lockedBlocks(build, found);
  const figures = new Map<string, Figures>();
  for (const index of select(project.plan, targets)) {
    const item = itemAt(build, index);
    if (metricFilesOf(item).length === 0) continue;
    figures.set(
      item.id,
      figuresOf(handleOf(build, index), found.get(index) as Prediction, blocks.get(index) ?? {}),
    );
  }
  return figures;
}

/** The entries of an item in pipeline.lock. */
interface Locked {
  /** The entry for today's key. */
  readonly today?: LockBlock | undefined;
  /** The entry for any key. */
  readonly any?: LockBlock | undefined;
}

function figuresOf(handle: ItemHandle, outlook: Prediction, { today, any }: Locked): Figures {
  const { build, item } = handle;
  const recorded = recordedOuts(build, outlook);
  const byOut: Record<string, Numbers> = {};
  let stale = false;
  for (const metric of metricFilesOf(item)) {
    const { name, path: where } = metric;
    const digest = digestOfMetric(metric, recorded, handle.cache);
    const current = (digest && numbersOf(build, where, digest)) ?? today?.metrics[name];
    const numbers =
      current ??
      metricsIn(bytesIfThere(path.join(build.project.root, where))) ??
      any?.metrics[name];
    if (numbers === undefined) continue;
    byOut[name] = numbers;
    stale ||= current === undefined;
  }
  return { numbers: merged(byOut), stale };
}

/** Outs of the record for today's key; none where there is no record, or no key yet. */
function recordedOuts(build: BuildContext, outlook: Prediction): readonly RecordedOut[] {
  if (outlook.kind === 'fresh' || outlook.kind === 'restore') return outlook.record.outs;
  return outlook.kind === 'run' ? (build.project.cache.readOuts(outlook.key) ?? []) : [];
}

/**
 * Entries by index. An item that waits for others has no key yet. Its block counts as today's if
 * its key is the one that today's definition and the locked outs of those others give.
 */
async function lockedBlocks(
  build: BuildContext,
  found: ReadonlyMap<number, Prediction>,
): Promise<Map<number, Locked>> {
  const { variant } = build.project;
  const file = readLockFile(build.project);
  // Results of `--set` are not locked, but may have a locked key.
  const section = file?.get(sectionOf({ ...variant, set: [] }) as string) ?? new Map();
  const isOpen = [...found.values()].some((outlook) => !('key' in outlook));
  const standings = isOpen ? await lockStandings(build, section) : undefined;
  const blocks = new Map<number, Locked>();
  for (const index of build.selected) {
    const outlook = found.get(index) as Prediction;
    const { id } = itemAt(build, index);
    const any = section.get(id);
    const others = [...(file?.values() ?? [])].map((each) => each.get(id));
    const isToday = (block: LockBlock | undefined) => {
      if ('key' in outlook) return block?.key === outlook.key;
      const isOfDefinition = standings?.get(index)?.difference === undefined;
      return block === any && isOfDefinition && needsHold(handleOf(build, index), found, blocks);
    };
    blocks.set(index, { any, today: [any, ...others].find(isToday) });
  }
  return blocks;
}

/** True when the inputs of an item are, or will be, those of pipeline.lock. */
function needsHold(
  handle: ItemHandle,
  found: ReadonlyMap<number, Prediction>,
  blocks: ReadonlyMap<number, Locked>,
): boolean {
  return handle.needs.every((need) => {
    const { any, today } = blocks.get(need) ?? {};
    if (any === undefined || any !== today) return false;
    const outlook = found.get(need);
    const isKnown = outlook?.kind === 'fresh' || outlook?.kind === 'restore';
    return !isKnown || holds(any, outlook.record);
  });
}

/**
 * Metrics by item, from the lock of a revision.
 *
 * @throws UserError when git does not know the revision, or it has no lock
 */
export async function metricsAt(project: Project, revision: string): Promise<Map<string, Figures>> {
  return new Map(
    [...(await lockedAt(project, revision))].map(
      ([item, block]) => [item, { numbers: merged(block.metrics), stale: false }] as const,
    ),
  );
}

/**
 * Blocks by item, from the lock of a revision.
 *
 * @throws UserError like `metricsAt`
 */
export async function lockedAt(
  project: Project,
  revision: string,
): Promise<ReadonlyMap<string, LockBlock>> {
  const { root, env, variant } = project;
  const lock = lockNameOf(project);
  const text = await fileAtRevision({ folder: root, env }, revision, lock);
  if (text === undefined) {
    throw userError(
      'no-lock',
      `there is no ${lock} in revision ${revision}`,
      'commit the one that `pipe run` writes: later revisions can be compared with it',
    );
  }
  const name = sectionOf({ ...variant, set: [] }) as string;
  return parseLock(text, `${revision}:${lock}`).get(name) ?? new Map();
}

/** With several metrics files, the out's name comes first. */
function merged(byOut: Readonly<Record<string, Numbers>>): Numbers {
  const outs = Object.entries(byOut);
  if (outs.length < 2) return outs[0]?.[1] ?? {};
  return Object.fromEntries(
    outs.flatMap(([out, numbers]) =>
      Object.entries(numbers).map(([name, value]) => [`${out}.${name}`, value] as const),
    ),
  );
}

/** Metrics of a recorded out, from its path or the cache; undefined when in neither, or not JSON. */
function numbersOf(build: BuildContext, where: string, digest: Digest): Numbers | undefined {
  if (build.project.cache.scanSync(where)?.digest === digest)
    return metricsIn(bytesIfThere(path.join(build.project.root, where)));
  return metricsIn(build.project.cache.readStored(digest));
}

function metricsIn(bytes: Buffer | undefined): Numbers | undefined {
  return bytes && metricsOf(bytes.toString());
}
