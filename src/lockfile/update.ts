/** Updates pipeline.lock after a run with its results; leaves the rest of the file unchanged. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { nameOf } from '../cache/objects/digest.js';
import { stopping } from '../decide/incremental.js';
import { projectHome } from '../decide/lock-home.js';
import { digestOfMetric, metricFilesOf } from '../decide/metric-files.js';
import { cacheOf, itemAt, type Settled, type Work } from '../decide/work.js';
import { type LockBlock, type LockedEpochs, lockedParts } from '../lock/block.js';
import { type LockSection, sectionOf } from '../lock/file.js';
import { metricsOf } from '../lock/metrics.js';
import { chainManifest, keyOf, type Manifest } from '../manifest.js';
import type { Item } from '../pipeline/plan.js';
import { describeHolder } from '../process/holder.js';
import { acquireLock, lockFile } from '../process/lock.js';
import { readLockFile, writeLockFile } from './disk.js';
import { noteLock } from './note.js';

/** Writes the blocks of all settled items; a run of everything also removes those of deleted items. */
export async function updateLock(work: Work): Promise<void> {
  const section = sectionOf(work.project.variant);
  if (section === undefined) return;
  // Without changes no lock is needed either: everything may be read-only.
  if (isWritten(work, section)) noteLock(work);
  else await writeUnderLock(work, section);
}

function isWritten(work: Work, section: string): boolean {
  const before = readLockFile(work.project.root)?.get(section);
  if (before === undefined) return false;
  const { blocks, isWhole } = updated(work, before);
  const isSame =
    blocks.size === before.size && [...blocks].every(([id, b]) => before.get(id) === b);
  return isWhole && isSame;
}

async function writeUnderLock(work: Work, section: string): Promise<void> {
  // Next to the file: runs with other caches write it too.
  const locks = projectHome(work.project.root);
  const name = 'pipeline.lock';
  const held = await acquireLock(locks, name, {
    doing: 'pipeline.lock',
    onWait: (holder) =>
      work.emit({
        type: 'warning',
        message: `pipeline.lock is being written by another run: ${describeHolder(holder, lockFile(locks, name))}`,
      }),
  });
  try {
    const file = new Map(readLockFile(work.project.root));
    const { blocks, isWhole } = updated(work, file.get(section) ?? new Map());
    file.set(section, blocks);
    writeLockFile(work.project.root, file);
    if (isWhole) noteLock(work);
  } finally {
    held.release();
  }
}

interface Updated {
  readonly blocks: LockSection;
  /** False when a result disappeared meanwhile: the next run checks again. */
  readonly isWhole: boolean;
}

function updated(work: Work, before: LockSection): Updated {
  const { items } = work.project.plan;
  const isRunOfAll = work.selected.length === items.length;
  const known = new Set(items.map(({ id }) => id));
  const blocks = new Map([...before].filter(([id]) => !isRunOfAll || known.has(id)));
  let isWhole = true;
  for (const [index, settled] of work.settled) {
    const item = itemAt(work, index);
    const old = before.get(item.id);
    // A block of the same result stays: which epochs are recorded does not matter for the result.
    if (old !== undefined && holds(old, settled)) continue;
    const block = blockOf(work, item, settled);
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

function blockOf(work: Work, item: Item, { key, outs }: Settled): LockBlock | undefined {
  const manifest = cacheOf(work).readRecord(key)?.manifest;
  const metrics = allMetrics(work, item, outs);
  if (manifest === undefined || metrics === undefined) return undefined;
  const epochs = epochsOf(work, item, manifest);
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

/** Undefined when an out is no longer what the run found. */
function allMetrics(
  work: Work,
  item: Item,
  outs: Settled['outs'],
): LockBlock['metrics'] | undefined {
  const metrics: Record<string, Record<string, number>> = {};
  const warn = (message: string) => work.emit({ type: 'warning', item: item.id, message });
  for (const metric of metricFilesOf(item)) {
    const { name, path: where, out } = metric;
    const digest = digestOfMetric(metric, outs, cacheOf(work));
    if (digest === null) {
      warn(
        `metrics ${where} is not in the out ${out} that is on record: pipeline.lock has no numbers of it`,
      );
      continue;
    }
    const bytes = readBytes(path.join(work.project.root, where));
    if (digest === undefined || bytes === undefined) return undefined;
    if (hash('sha256', bytes) !== nameOf(digest)) return undefined;
    const values = metricsOf(bytes.toString());
    if (values !== undefined) metrics[name] = values;
    else warn(`metrics ${where} is not JSON: pipeline.lock does not contain its numbers`);
  }
  return metrics;
}

/** Undefined for what is not a file. */
function readBytes(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined;
    throw error;
  }
}

/** Omits epochs past the end of patience: how far a stage got beyond it depends on timing. */
function epochsOf(work: Work, item: Item, manifest: Manifest): LockedEpochs | undefined {
  if (item.epochs === undefined) return undefined;
  const { target, param, patience, best } = item.epochs;
  const records = cacheOf(work).readEpochs(keyOf(chainManifest(manifest, param)));
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

/** Few lines for any number of epochs, with all of the first ones, which `verify` repeats. */
function isPowerOfTwo(epoch: number): boolean {
  return Number.isInteger(Math.log2(epoch));
}
