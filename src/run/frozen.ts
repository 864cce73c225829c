/** `--frozen`: reports what would run or differs from pipeline.lock, with reasons; writes nothing. */
import type { Digest } from '../cache/objects/digest.js';
import type { Result, RunRecord } from '../cache/records/record.js';
import { explain, whyOf } from '../decide/explain.js';
import { type Outlook, outlooks } from '../decide/outlook.js';
import { cacheOf, finish, itemAt, neverAlways, type Work } from '../decide/work.js';
import type { ItemDone, Why } from '../event.js';
import type { LockBlock } from '../lock/block.js';
import { LOCK_FILE, type LockSection, sectionOf } from '../lock/file.js';
import { type LockStanding, lockStandings, NOT_LOCKED, strangers } from '../lockfile/check.js';
import { readLockFile } from '../lockfile/disk.js';
import { inShort, otherOuts, reasonsAgainst } from '../lockfile/reasons.js';
import { refuseMissingDeps, whyUnknown } from './foretell.js';

/** Gives every item its verdict. Returns the number of differences. */
export async function inspectFrozen(work: Work): Promise<number> {
  const section = lockedSection(work);
  let differences = 0;
  const differs = (message: string, item?: string) => {
    differences++;
    work.emit({ type: 'difference', message, ...(item === undefined ? {} : { item }) });
  };
  if (section === 'none')
    differs(`there is no ${LOCK_FILE}: commit the one that \`pipe run\` writes`);
  const blocks = section instanceof Map ? section : undefined;
  if (blocks !== undefined && work.selected.length === work.project.plan.items.length) {
    for (const id of strangers(work, blocks))
      differs(`${LOCK_FILE} has ${id}, which is not an item of the pipeline`);
  }
  if (work.options.frozen === 'keys') await inspectKeys(work, blocks ?? new Map(), differs);
  else await inspectResults(work, blocks, differs);
  return differences;
}

type Differs = (message: string, item: string) => void;

/** Undefined with `--set`, which has no section. */
function lockedSection({ project }: Work): LockSection | 'none' | undefined {
  const name = sectionOf(project.variant);
  if (name === undefined) return undefined;
  const file = readLockFile(project.root);
  return file === undefined ? 'none' : (file.get(name) ?? new Map());
}

/** Compares keys only: results need not exist here, but existing outs must match the lock. */
async function inspectKeys(work: Work, section: LockSection, differs: Differs): Promise<void> {
  for (const [index, standing] of await lockStandings(work, section)) {
    const item = itemAt(work, index);
    const { key, difference } = standing;
    const edited = difference === undefined ? editedOut(work, index, standing) : undefined;
    if (edited !== undefined) differs(edited, item.id);
    finish(work, index, {
      type: 'item',
      item: item.id,
      verdict: difference === undefined ? 'fresh' : 'ran',
      ...(key === undefined ? {} : { key }),
      ...(difference === undefined ? {} : { reason: difference }),
    });
  }
}

function editedOut(work: Work, index: number, { block }: LockStanding): string | undefined {
  const item = itemAt(work, index);
  const edited = item.outs.find((out) => {
    const digest = cacheOf(work).scanSync(out.path)?.digest;
    return digest !== block?.outs[out.name]?.digest && isForeign(work, digest);
  });
  return edited && `out ${edited.path} differs from ${LOCK_FILE}`;
}

/** True for content that no run made. The result of another profile may be there: a run replaces it. */
function isForeign(work: Work, digest: Digest | undefined): boolean {
  return digest !== undefined && !cacheOf(work).hasAll(digest);
}

async function inspectResults(
  work: Work,
  section: LockSection | undefined,
  differs: Differs,
): Promise<void> {
  const found = await outlooks(neverAlways(work));
  await refuseMissingDeps(work, found);
  for (const [index, outlook] of found) {
    const { id } = itemAt(work, index);
    const block = section?.get(id);
    if (outlook.kind === 'fresh' || outlook.kind === 'restore') {
      const difference =
        (section && againstLock(work, index, outlook.record, block)) ??
        (outlook.kind === 'restore' ? await unrestorable(work, index, outlook.record) : undefined);
      if (difference !== undefined) differs(difference, id);
      finishKnown(work, index, outlook);
    } else {
      finish(work, index, {
        type: 'item',
        item: id,
        verdict: 'ran',
        ...whyItWouldRun(work, index, outlook, block),
      });
    }
  }
}

function againstLock(
  work: Work,
  index: number,
  { key, manifest, outs }: Result,
  block: LockBlock | undefined,
): string | undefined {
  if (block === undefined) return NOT_LOCKED;
  const item = itemAt(work, index);
  if (block.key !== key) {
    const code = work.codes.of(index);
    const reasons = reasonsAgainst(work.project, item, code, block, manifest);
    return `${LOCK_FILE} has another definition: ${inShort(reasons)}`;
  }
  const others = otherOuts(
    item,
    block,
    ({ name }) => outs.find((each) => each.name === name)?.digest,
  );
  return others.length === 0
    ? undefined
    : `${others.join(', ')}: ${LOCK_FILE} and the cache differ`;
}

/** A missing out can be restored if its objects are intact. An edited one is a difference. */
async function unrestorable(
  work: Work,
  index: number,
  record: RunRecord,
): Promise<string | undefined> {
  const cache = cacheOf(work);
  for (const out of itemAt(work, index).outs) {
    const now = cache.scanSync(out.path)?.digest;
    const stored = record.outs.find((each) => each.name === out.name)?.digest as Digest;
    if (now === stored) continue;
    if (isForeign(work, now)) return `out ${out.path} differs from its record`;
    const unsound = await cache.firstUnsound(stored);
    if (unsound !== undefined)
      return `out ${out.path} cannot be restored: object ${unsound.slice(0, 12)} of the cache is damaged`;
  }
  return undefined;
}

function finishKnown(
  work: Work,
  index: number,
  outlook: Outlook & { readonly kind: 'fresh' | 'restore' },
): void {
  const { key, record } = outlook;
  const done: ItemDone = { type: 'item', item: itemAt(work, index).id, verdict: 'fresh', key };
  const settled = { key, outs: record.outs };
  if (outlook.kind === 'fresh') finish(work, index, done, settled);
  else finish(work, index, { ...done, verdict: 'restored', reason: outlook.reason.text }, settled);
}

function whyItWouldRun(
  work: Work,
  index: number,
  outlook: Outlook,
  block: LockBlock | undefined,
): Partial<Why> {
  if (outlook.kind === 'unknown') return whyUnknown(work, index, outlook);
  const item = itemAt(work, index);
  const code = work.codes.of(index);
  if (outlook.kind !== 'run' || outlook.cause !== 'stale' || block === undefined)
    return whyOf(explain(work.project, item, code, outlook).map(({ text }) => text));
  return block.key === outlook.key
    ? { reason: 'its result is not in the cache' }
    : whyOf(reasonsAgainst(work.project, item, code, block, outlook.manifest));
}
