/** Locks of a run: on an item's outs, and on what computes one result. */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '../canonical.js';
import { chainManifest, keyOf, type Manifest } from '../manifest.js';
import type { Item } from '../pipeline/plan.js';
import { describeHolder, type Holder } from '../process/holder.js';
import { ownIdentity } from '../process/identity.js';
import { acquireLock, type Lock, lockFile, lockHolder } from '../process/lock.js';
import { reapOrphans } from '../process/orphans.js';
import type { Project } from './project.js';
import { cacheOf, type Work } from './work.js';

/** Nobody else writes the item's outs while this is held. */
export function lockWorkspace(work: Work, item: Item): Promise<Lock> {
  return lock(work, item, workspaceLockName(work.project.root, item.id));
}

/**
 * Where several workspaces share a cache, the same result is computed by one of them; a chain's
 * commit folder belongs to one process in any case.
 */
export async function lockKey(
  work: Work,
  item: Item,
  manifest: Manifest,
): Promise<Lock | undefined> {
  const { env } = work.project;
  const isShared = env.PIPE_CACHE !== undefined && env.PIPE_CACHE !== '';
  if (item.epochs === undefined && !isShared) return undefined;
  return lock(work, item, `key ${lockKeyOf(item, manifest)}`);
}

/** Waits for whoever computes the same, and says so; what a dead holder left running is ended first. */
async function lock(work: Work, item: Item, name: string): Promise<Lock> {
  const { locks } = cacheOf(work).layout;
  return acquireLock(locks, name, {
    doing: item.id,
    signal: work.options.interruption.stop,
    onWait: (holder) =>
      work.emit({
        type: 'waiting',
        item: item.id,
        reason: `another run holds it: ${describeHolder(holder, lockFile(locks, name))}`,
      }),
    onDead: async (dead) => void (await reapOrphans(dead)),
  });
}

/** Epochs of one chain are computed by one process at a time, whatever their targets. */
function lockKeyOf(item: Item, manifest: Manifest): string {
  return item.epochs === undefined
    ? keyOf(manifest)
    : keyOf(chainManifest(manifest, item.epochs.param));
}

/** Who has the item in hand, when it is somebody else who lives. */
export function itemHolder({ root, cache }: Project, item: string): Holder | undefined {
  const holder = lockHolder(cache.layout.locks, workspaceLockName(root, item));
  const own = ownIdentity();
  return holder?.pid === own.pid && holder.start === own.start ? undefined : holder;
}

/** The lock of an item's outs: held by whoever has it in hand. */
function workspaceLockName(root: string, item: string): string {
  return `out ${workspaceOf(root)} ${item}`;
}

/** Clones that share their working outs, through a link, are one workspace. */
function workspaceOf(root: string): string {
  const outs = path.join(root, 'cache');
  try {
    return sha256(realpathSync(outs)).slice(0, 16);
  } catch {
    return sha256(outs).slice(0, 16);
  }
}
