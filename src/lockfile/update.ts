/** Updates pipeline.lock after a run with its results; leaves the rest of the file unchanged. */
import { hash } from 'node:crypto';
import path from 'node:path';
import { nameOf } from '../cache/objects/digest.js';
import { type BuildContext, itemAt, type Settled } from '../decide/build-context.js';
import { stopping } from '../decide/incremental.js';
import { homesOf } from '../decide/lock-home.js';
import { digestOfMetric, metricFilesOf } from '../decide/metric-files.js';
import { listed } from '../error.js';
import { chainKey, type Manifest } from '../manifest.js';
import type { Item } from '../pipeline/plan.js';
import { acquireLock, lockFile } from '../process/file-lock.js';
import { describeOwner } from '../process/lock-owner.js';
import { bytesIfThere, isLarge } from '../sys/if-there.js';
import { type LockBlock, type LockedEpochs, lockedParts } from './format/block.js';
import { metricsOf } from './format/locked-metrics.js';
import { type LockSection, lockNameOf, sectionOf } from './format/sections.js';
import { readLockFile, writeLockFile } from './lock-on-disk.js';
import { noteLock } from './up-to-date-note.js';

/** Writes the blocks of all settled items; a run of everything also removes those of deleted items. */
export async function updateLock(build: BuildContext): Promise<void> {
  const section = sectionOf(build.project.variant);
  if (section === undefined) return;
  // Without changes, no lock is needed: everything may be read-only.
  if (isWritten(build, section)) noteLock(build);
  else await writeUnderLock(build, section);
}

function isWritten(build: BuildContext, section: string): boolean {
  const before = readLockFile(build.project)?.get(section);
  if (before === undefined) return false;
  // A block that is not in the file yet is created again under the lock.
  const { blocks, isWhole } = updated(build, before, () => {});
  const isSame =
    blocks.size === before.size && [...blocks].every(([id, b]) => before.get(id) === b);
  return isWhole && isSame;
}

async function writeUnderLock(build: BuildContext, section: string): Promise<void> {
  // Next to the file, because runs with other caches write it too.
  const locks = homesOf(build.project).folder;
  const name = lockNameOf(build.project);
  const held = await acquireLock(locks, name, {
    doing: name,
    onWait: (owner) =>
      build.emit({
        type: 'warning',
        message: `${name} is being written by another run: ${describeOwner(owner, lockFile(locks, name))}`,
      }),
  });
  try {
    const file = new Map(readLockFile(build.project));
    const { blocks, isWhole } = updated(build, file.get(section) ?? new Map(), (item, message) =>
      build.emit({ type: 'warning', item, message }),
    );
    file.set(section, blocks);
    writeLockFile(build.project, file);
    if (isWhole) noteLock(build);
  } finally {
    held.release();
  }
}

interface Updated {
  readonly blocks: LockSection;
  /** False if a result disappeared meanwhile: the next run checks again. */
  readonly isWhole: boolean;
}

type Warn = (item: string, message: string) => void;

function updated(build: BuildContext, before: LockSection, warn: Warn): Updated {
  const { items } = build.project.plan;
  const isRunOfAll = build.selected.length === items.length;
  const known = new Set(items.map(({ id }) => id));
  const blocks = new Map([...before].filter(([id]) => !isRunOfAll || known.has(id)));
  let isWhole = true;
  for (const [index, settled] of build.settled) {
    const item = itemAt(build, index);
    const old = before.get(item.id);
    // A block with the same result is kept, because the set of recorded epochs does not matter for
    // the result.
    if (old !== undefined && holds(old, settled)) continue;
    const block = blockOf(build, item, settled, warn);
    if (block === undefined) isWhole = false;
    else blocks.set(item.id, block);
  }
  return { blocks, isWhole };
}

export function holds(block: LockBlock, { key, outs }: Settled): boolean {
  return (
    block.key === key &&
    Object.keys(block.outs).length === outs.length &&
    outs.every((out) => block.outs[out.name]?.digest === out.digest)
  );
}

function blockOf(
  build: BuildContext,
  item: Item,
  { key, outs }: Settled,
  warn: Warn,
): LockBlock | undefined {
  const manifest = build.project.cache.readRecord(key)?.manifest;
  const metrics = allMetrics(build, item, outs, (message) => warn(item.id, message));
  if (manifest === undefined || metrics === undefined) return undefined;
  const epochs = epochsOf(build, item, manifest);
  return {
    key,
    ...lockedParts(manifest),
    deps: manifest.deps,
    outs: Object.fromEntries(
      outs.map(({ name, digest, size, files }) => [name, { digest, size, files }]),
    ),
    metrics,
    ...(epochs === undefined ? {} : { epochs }),
  };
}

/** Undefined if an out no longer matches what the run found. */
function allMetrics(
  build: BuildContext,
  item: Item,
  outs: Settled['outs'],
  warn: (message: string) => void,
): LockBlock['metrics'] | undefined {
  const metrics: Record<string, Record<string, number>> = {};
  for (const metric of metricFilesOf(item)) {
    const { name, path: where, out } = metric;
    const digest = digestOfMetric(metric, outs, build.project.cache);
    if (digest === null) {
      warn(
        `metrics ${where} is not in the recorded out ${out}: pipeline.lock does not contain its numbers`,
      );
      continue;
    }
    const absolute = path.join(build.project.root, where);
    if (isLarge(absolute)) {
      warn(`metrics ${where} is larger than 64 MiB: pipeline.lock does not contain its numbers`);
      continue;
    }
    const bytes = bytesIfThere(absolute);
    if (digest === undefined || bytes === undefined) return undefined;
    if (hash('sha256', bytes) !== nameOf(digest)) return undefined;
    const lost: string[] = [];
    const values = metricsOf(bytes.toString(), lost);
    if (values !== undefined) metrics[name] = values;
    else warn(`metrics ${where} is not JSON: pipeline.lock does not contain its numbers`);
    if (lost.length > 0)
      warn(
        `metrics ${where}: pipeline.lock does not contain ${listed(lost)}: not finite, a repeated name, or nested more than 64 levels deep`,
      );
  }
  return metrics;
}

/** Omits epochs past the end of patience, because how far a stage got beyond it depends on timing. */
function epochsOf(build: BuildContext, item: Item, manifest: Manifest): LockedEpochs | undefined {
  if (item.epochs === undefined) return undefined;
  const { target, param, patience, best } = item.epochs;
  const records = build.project.cache.chains.readEpochs(chainKey(manifest, param));
  const { wanted, last } = stopping(item.epochs, records) ?? { wanted: target, last: target };
  const states = records
    .filter(({ epoch }) => epoch === wanted || (epoch <= last && isPowerOfTwo(epoch)))
    .map(({ epoch, state }) => [epoch, state] as const);
  return {
    target,
    ...(patience === undefined ? {} : { patience }),
    ...(best === undefined ? {} : { best }),
    states: Object.fromEntries(states),
  };
}

/** Few lines for any number of epochs, including the first epochs, which `verify` repeats. */
function isPowerOfTwo(epoch: number): boolean {
  return Number.isInteger(Math.log2(epoch));
}
