/** Locks of a run: the paths of an item, and the key of its result. */
import path from 'node:path';
import { getOrMake } from '../lists.js';
import { chainKey, keyOf, type Manifest } from '../manifest.js';
import type { Dep, Item } from '../pipeline/plan.js';
import {
  acquireClaim,
  type Claim,
  type ClaimOptions,
  makeHiddenFolder,
  narrow,
  type Paths,
  writersOf,
} from '../process/claims.js';
import { acquireLock, type Lock, lockFile } from '../process/file-lock.js';
import { fileNameOf } from '../process/file-names.js';
import { describeOwner, type LockOwner } from '../process/lock-owner.js';
import { type Group, reapOrphans } from '../process/orphans.js';
import { isHeldAroundUs, waitsForItself } from '../process/outer-executions.js';
import { livenessOf, ownIdentity } from '../sys/identity.js';
import type { ItemHandle } from './build-context.js';
import { type Home, homesOf } from './lock-home.js';
import { isOut } from './made-links.js';
import { sourceOf } from './parts.js';
import type { Project } from './project.js';

/** Locks on one item's paths, in every lock folder that they belong to. */
export class ItemClaim {
  readonly #claims: ReadonlyMap<string, Claim>;
  readonly #lost = new AbortController();

  constructor(claims: ReadonlyMap<string, Claim>) {
    this.#claims = claims;
    for (const claim of claims.values()) claim.onLost(() => this.#lost.abort());
  }

  isHeld(): boolean {
    return [...this.#claims.values()].every((claim) => claim.isHeld());
  }

  /** Aborted when another run has concluded that this one is dead. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  noteGroup(group: Group): void {
    for (const claim of this.#claims.values()) claim.noteGroup(group);
  }

  /** From here on, locks the item's outs for writing, and what it needs for reading. */
  narrow({ build, item }: ItemHandle, reads: Others['reads']): void {
    const paths = pathsByHome(build.project, item, { writes: [], reads });
    for (const [folder, claim] of this.#claims)
      narrow(claim, paths.get(folder) ?? { writes: [], reads: [] });
  }

  release(): void {
    for (const claim of this.#claims.values()) claim.release();
  }
}

/** Paths of outs of other items. */
interface Others {
  /** More paths to write under the same lock. */
  readonly writes: readonly string[];
  /** Read through links. */
  readonly reads: readonly string[];
}

type Waiting = Pick<ClaimOptions, 'signal' | 'onWait'>;

/** While the lock is held, no other process writes the item's outs or changes what it reads. */
export async function claimItem(
  handle: ItemHandle,
  others: Others = { writes: [], reads: [] },
  waiting: Waiting = {
    signal: handle.build.options.interruption.stop,
    onWait: (owner, file) => noteWait(handle, owner, file),
  },
): Promise<ItemClaim> {
  const { build, item, cache } = handle;
  const { locks, logs } = cache.layout;
  const claims = new Map<string, Claim>();
  try {
    // Locks folder by folder, in an order that all runs share, which prevents deadlocks.
    const byHome = [...pathsByHome(build.project, item, others)].sort();
    for (const [folder, paths] of byHome) {
      if (folder !== locks) makeHiddenFolder(folder);
      const claim = await acquireClaim(folder, paths, {
        doing: item.id,
        logs: path.join(logs, fileNameOf(item.id)),
        ...waiting,
      });
      claims.set(folder, claim);
    }
  } catch (error) {
    for (const claim of claims.values()) claim.release();
    throw error;
  }
  return new ItemClaim(claims);
}

/** Like `claimItem`; undefined when another process holds any of the paths. */
export async function claimIfFree(handle: ItemHandle): Promise<ItemClaim | undefined> {
  const held = new AbortController();
  const waiting = { signal: held.signal, onWait: () => held.abort() };
  try {
    return await claimItem(handle, undefined, waiting);
  } catch (error) {
    if (held.signal.aborted) return undefined;
    throw error;
  }
}

/**
 * Among workspaces with a shared cache, one computes a result. A commit folder belongs to one
 * process. Without outs, no claim keeps two runs from executing the item at once.
 */
export async function lockKey(handle: ItemHandle, manifest: Manifest): Promise<Lock | undefined> {
  const { build, item, cache } = handle;
  const { env } = build.project;
  const isShared = env.PIPE_CACHE !== undefined && env.PIPE_CACHE !== '';
  if (item.epochs === undefined && item.outs.length > 0 && !isShared) return undefined;
  const { locks } = cache.layout;
  const name = `key ${lockKeyOf(item, manifest)}`;
  return acquireLock(locks, name, {
    doing: item.id,
    signal: build.options.interruption.stop,
    onWait: (owner) => noteWait(handle, owner, lockFile(locks, name)),
    onDead: async (dead) => void (await reapOrphans(dead)),
  });
}

/** The owner of the item's lock, if it is another live process. */
export function itemHolder(project: Project, item: Item): LockOwner | undefined {
  for (const out of item.outs) {
    const home = homesOf(project).of(path.join(project.root, out.path), false);
    const owner = writersOf(home.folder, home.path).find(
      (each) => livenessOf(each) !== 'dead' && !isThisProcess(each),
    );
    if (owner !== undefined) return owner;
  }
  return undefined;
}

function isThisProcess({ pid, start }: LockOwner): boolean {
  const own = ownIdentity();
  return pid === own.pid && start === own.start;
}

/** @throws WaitsForItself when the owner waits for this process */
function noteWait({ build, item }: ItemHandle, owner: LockOwner, file: string): void {
  if (isHeldAroundUs(build.project.env, owner, owner.doing))
    throw waitsForItself(item.id, owner.doing);
  const reason = isThisProcess(owner)
    ? `${owner.doing} uses the same files`
    : `another run holds it: ${describeOwner(owner, file)}`;
  build.emit({ type: 'waiting', item: item.id, reason });
}

/** Only one process at a time computes epochs of a chain, also for different targets. */
function lockKeyOf(item: Item, manifest: Manifest): string {
  return item.epochs === undefined ? keyOf(manifest) : chainKey(manifest, item.epochs.param);
}

function pathsByHome(
  project: Pick<Project, 'root' | 'plan' | 'cache'>,
  item: Item,
  others: Others,
): ReadonlyMap<string, Paths> {
  const { root } = project;
  const homes = homesOf(project);
  const found = new Map<string, { writes: string[]; reads: string[] }>();
  const add = (kind: keyof Paths, { folder, path: where }: Home) => {
    getOrMake(found, folder, () => ({ writes: [], reads: [] }))[kind].push(where);
  };
  const addOuts = (kind: keyof Paths, outs: readonly string[]) => {
    for (const where of outs) add(kind, homes.of(path.join(root, where), false));
  };
  addOuts('writes', [...item.outs.map((out) => out.path), ...others.writes]);
  addOuts('reads', others.reads);
  for (const dep of item.deps) {
    for (const where of pathsOf(dep)) {
      // An out that is a link is read itself, as well as its target.
      const absolute = path.join(root, sourceOf(dep, where));
      const home = homes.of(absolute, !dep.made);
      // Elsewhere, a path that is not an out belongs to the user, and pipe adds no files there.
      if (home.folder === homes.folder || (dep.made && isOut(project, absolute)))
        add('reads', home);
    }
  }
  return found;
}

/** In a folder, locks only the outs: pipe detects changes of the user's files. */
function pathsOf(dep: Dep): readonly string[] {
  if (dep.glob) return [...(dep.gathered ?? []), ...(dep.within ?? [])];
  if (dep.exclude !== undefined) return dep.outs ?? [];
  return [dep.path, ...(dep.links === undefined ? [] : (dep.outs ?? []))];
}
