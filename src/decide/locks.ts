/** What a run holds while it works: the paths of an item, and the key of what it computes. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chainManifest, keyOf, type Manifest } from '../manifest.js';
import type { Dep, Item } from '../pipeline/plan.js';
import { isHeldAroundUs, waitsForItself } from '../process/around.js';
import { acquireClaim, type Claim, type Paths, writersOf } from '../process/claims.js';
import { describeHolder, type Holder } from '../process/holder.js';
import { acquireLock, type Lock, lockFile } from '../process/lock.js';
import { fileNameOf } from '../process/names.js';
import type { Group } from '../process/orphans.js';
import { reapOrphans } from '../process/orphans.js';
import { livenessOf, ownIdentity } from '../sys/identity.js';
import { type Home, homeOf, projectHome, realPlace } from './lock-home.js';
import { isOut } from './made-links.js';
import { sourceOf } from './parts.js';
import type { Project } from './project.js';
import { cacheOf, type Work } from './work.js';

/** The paths of one item, held in every folder of claims that they belong to. */
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

  /** Aborted when another run has taken us for dead. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  noteGroup(group: Group): void {
    for (const claim of this.#claims.values()) claim.noteGroup(group);
  }

  /** The item alone from here on: what it needs is only read. */
  narrow(work: Work, item: Item, reads: Others['reads']): void {
    const paths = pathsByHome(work.project, item, { writes: [], reads });
    for (const [folder, claim] of this.#claims)
      claim.narrow(paths.get(folder) ?? { writes: [], reads: [] });
  }

  release(): void {
    for (const claim of this.#claims.values()) claim.release();
  }
}

/** Paths of outs of other items. */
export interface Others {
  /** To be written under the same claim. */
  readonly writes: readonly string[];
  /** Read through links. */
  readonly reads: readonly string[];
}

/** Nobody else writes the item's outs, or touches what it reads, while this is held. */
export async function claimItem(
  work: Work,
  item: Item,
  others: Others = { writes: [], reads: [] },
): Promise<ItemClaim> {
  const claims = new Map<string, Claim>();
  try {
    // One folder after another, in an order that all runs agree on.
    const byHome = [...pathsByHome(work.project, item, others)].sort();
    for (const [folder, paths] of byHome) {
      makeHome(folder, cacheOf(work).layout.locks);
      const claim = await acquireClaim(folder, paths, {
        doing: item.id,
        logs: realPlace(path.join(cacheOf(work).layout.logs, fileNameOf(item.id))),
        signal: work.options.interruption.stop,
        onWait: (holder, file) => noteWait(work, item, holder, file),
      });
      claims.set(folder, claim);
    }
  } catch (error) {
    for (const claim of claims.values()) claim.release();
    throw error;
  }
  return new ItemClaim(claims);
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
  const { locks } = cacheOf(work).layout;
  const name = `key ${lockKeyOf(item, manifest)}`;
  return acquireLock(locks, name, {
    doing: item.id,
    signal: work.options.interruption.stop,
    onWait: (holder) => noteWait(work, item, holder, lockFile(locks, name)),
    onDead: async (dead) => void (await reapOrphans(dead)),
  });
}

/** Who has the item in hand, when it is another process that lives. */
export function itemHolder({ root }: Project, item: Item): Holder | undefined {
  const own = ownIdentity();
  for (const out of item.outs) {
    const home = homeOf(root, path.join(root, out.path), false);
    const holder = writersOf(home.folder, home.path).find(
      (each) => livenessOf(each) !== 'dead' && !(each.pid === own.pid && each.start === own.start),
    );
    if (holder !== undefined) return holder;
  }
  return undefined;
}

/** @throws WaitsForItself when the holder waits for us */
function noteWait(work: Work, item: Item, holder: Holder, file: string): void {
  if (isHeldAroundUs(work.project.env, holder, holder.doing))
    throw waitsForItself(item.id, holder.doing);
  work.emit({
    type: 'waiting',
    item: item.id,
    reason: `another run holds it: ${describeHolder(holder, file)}`,
  });
}

/** Epochs of one chain are computed by one process at a time, whatever their targets. */
function lockKeyOf(item: Item, manifest: Manifest): string {
  return item.epochs === undefined
    ? keyOf(manifest)
    : keyOf(chainManifest(manifest, item.epochs.param));
}

function pathsByHome(
  project: Pick<Project, 'root' | 'plan'>,
  item: Item,
  others: Others,
): ReadonlyMap<string, Paths> {
  const { root } = project;
  const found = new Map<string, { writes: string[]; reads: string[] }>();
  const add = (kind: keyof Paths, { folder, path: where }: Home) => {
    const paths = found.get(folder) ?? { writes: [], reads: [] };
    paths[kind].push(where);
    found.set(folder, paths);
  };
  const addOuts = (kind: keyof Paths, outs: readonly string[]) => {
    for (const where of outs) add(kind, homeOf(root, path.join(root, where), false));
  };
  addOuts('writes', [...item.outs.map((out) => out.path), ...others.writes]);
  addOuts('reads', others.reads);
  const here = projectHome(root);
  for (const dep of item.deps) {
    for (const where of pathsOf(dep)) {
      // An out that is a link is itself what is read, besides what it leads to.
      const absolute = path.join(root, sourceOf(dep, where));
      const home = homeOf(root, absolute, !dep.made);
      // Elsewhere, what is not an out is the user's, and no place for files of ours.
      if (home.folder === here || (dep.made && isOut(project, absolute))) add('reads', home);
    }
  }
  return found;
}

/**
 * Where only part of a folder counts, that is what items make. Files of the user's are left out: a
 * change of them is noticed.
 */
function pathsOf(dep: Dep): readonly string[] {
  if (dep.glob) return [...(dep.gathered ?? []), ...(dep.within ?? [])];
  if (dep.exclude !== undefined) return dep.outs ?? [];
  return [dep.path, ...(dep.links === undefined ? [] : (dep.outs ?? []))];
}

/** Of a folder that is not in a cache of ours, git shall know nothing. */
function makeHome(folder: string, own: string): void {
  if (folder === own || existsSync(folder)) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, '.gitignore'), '*\n', { flag: 'w' });
}
