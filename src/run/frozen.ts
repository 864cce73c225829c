/** `--frozen`: reports what would run or differs from pipeline.lock, with reasons; writes nothing. */
import type { Digest } from '../cache/objects/digest.js';
import type { Result, RunRecord } from '../cache/records/record.js';
import {
  type BuildContext,
  handleOf,
  type ItemHandle,
  neverAlways,
} from '../decide/build-context.js';
import { whyDecided, whyOf } from '../decide/explain.js';
import { type Prediction, predict } from '../decide/prediction.js';
import type { Why } from '../event.js';
import { type LockStanding, lockStandings, strangers } from '../lockfile/check-keys.js';
import type { LockBlock } from '../lockfile/format/block.js';
import { type LockSection, lockNameOf, sectionOf } from '../lockfile/format/sections.js';
import { readLockFile } from '../lockfile/lock-on-disk.js';
import { notLocked, otherDefinition, otherOuts, reasonsAgainst } from '../lockfile/lock-reasons.js';
import { finishKnown, refuseMissingDeps, whyUnknown } from './dry-run.js';

/** Gives every item its verdict. Returns the number of differences. */
export async function inspectFrozen(build: BuildContext): Promise<number> {
  const section = lockedSection(build);
  let differences = 0;
  const differs = (message: string, item?: string) => {
    differences++;
    build.emit({ type: 'difference', message, ...(item === undefined ? {} : { item }) });
  };
  if (section === 'none')
    differs(`there is no ${lockNameOf(build.project)}: commit the one that \`pipe run\` writes`);
  const blocks = section instanceof Map ? section : undefined;
  if (blocks !== undefined && build.selected.length === build.project.plan.items.length) {
    for (const id of strangers(build, blocks))
      differs(`${lockNameOf(build.project)} has ${id}, which is not an item of the pipeline`);
  }
  if (build.options.frozen === 'keys') await inspectKeys(build, blocks ?? new Map(), differs);
  else await inspectResults(build, blocks, differs);
  return differences;
}

type Differs = (message: string, item: string) => void;

/** Undefined with `--set`, because it has no section. */
function lockedSection({ project }: BuildContext): LockSection | 'none' | undefined {
  const name = sectionOf(project.variant);
  if (name === undefined) return undefined;
  const file = readLockFile(project);
  return file === undefined ? 'none' : (file.get(name) ?? new Map());
}

/** Compares keys only: results need not exist here, but existing outs must match the lock. */
async function inspectKeys(
  build: BuildContext,
  section: LockSection,
  differs: Differs,
): Promise<void> {
  for (const [index, standing] of await lockStandings(build, section)) {
    const handle = handleOf(build, index);
    const { key, difference } = standing;
    const edited = difference === undefined ? editedOut(handle, standing) : undefined;
    if (edited !== undefined) differs(edited, handle.item.id);
    handle.finish({
      verdict: difference === undefined ? 'fresh' : 'ran',
      ...(key === undefined ? {} : { key }),
      ...(difference === undefined ? {} : { reason: difference }),
    });
  }
}

function editedOut(handle: ItemHandle, { block }: LockStanding): string | undefined {
  const { build, cache, item } = handle;
  const edited = item.outs.find((out) => {
    const digest = cache.scanSync(out.path)?.digest;
    return digest !== block?.outs[out.name]?.digest && isForeign(build, digest);
  });
  return edited && `out ${edited.path} differs from ${lockNameOf(build.project)}`;
}

/** True for content that no run made. The out may hold the result of another profile: a run replaces it. */
function isForeign(build: BuildContext, digest: Digest | undefined): boolean {
  return digest !== undefined && !build.project.cache.hasAll(digest);
}

async function inspectResults(
  build: BuildContext,
  section: LockSection | undefined,
  differs: Differs,
): Promise<void> {
  const found = await predict(neverAlways(build));
  await refuseMissingDeps(build, found);
  for (const [index, outlook] of found) {
    const handle = handleOf(build, index);
    const { id } = handle.item;
    const block = section?.get(id);
    if (outlook.kind === 'fresh' || outlook.kind === 'restore') {
      const difference =
        (section && againstLock(handle, outlook.record, block)) ??
        (outlook.kind === 'restore' ? await unrestorable(handle, outlook.record) : undefined);
      if (difference !== undefined) differs(difference, id);
      finishKnown(handle, outlook);
    } else {
      handle.finish({ verdict: 'ran', ...whyItWouldRun(handle, outlook, block) });
    }
  }
}

function againstLock(
  handle: ItemHandle,
  { key, manifest, outs }: Result,
  block: LockBlock | undefined,
): string | undefined {
  const { build, item } = handle;
  if (block === undefined) return notLocked(build.project);
  if (block.key !== key) return otherDefinition(handle, block, manifest);
  const others = otherOuts(
    item,
    block,
    ({ name }) => outs.find((each) => each.name === name)?.digest,
  );
  return others.length === 0
    ? undefined
    : `${others.join(', ')}: ${lockNameOf(build.project)} and the cache differ`;
}

/** A missing out can be restored if its objects are intact. An edited one is a difference. */
async function unrestorable(handle: ItemHandle, record: RunRecord): Promise<string | undefined> {
  const { build, cache, item } = handle;
  for (const out of item.outs) {
    const now = cache.scanSync(out.path)?.digest;
    const stored = record.outs.find((each) => each.name === out.name)?.digest as Digest;
    if (now === stored) continue;
    if (isForeign(build, now)) return `out ${out.path} differs from its record`;
    const unsound = await cache.firstUnsound(stored);
    if (unsound !== undefined)
      return `out ${out.path} cannot be restored: object ${unsound.slice(0, 12)} of the cache is damaged`;
  }
  return undefined;
}

function whyItWouldRun(
  handle: ItemHandle,
  outlook: Prediction,
  block: LockBlock | undefined,
): Partial<Why> {
  if (outlook.kind === 'unknown') return whyUnknown(handle, outlook);
  if (outlook.kind !== 'run' || outlook.cause !== 'stale' || block === undefined)
    return whyDecided(handle, outlook);
  return block.key === outlook.key
    ? { reason: 'its result is not in the cache' }
    : whyOf(reasonsAgainst(handle, block, outlook.manifest));
}
