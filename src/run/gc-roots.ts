/** Gc roots: what the current pipeline needs from the cache. */
import type { GcRoots } from '../cache/gc/gc.js';
import { itemAt } from '../decide/build-context.js';
import { inspection } from '../decide/inspection.js';
import { predict } from '../decide/prediction.js';
import type { Project } from '../decide/project.js';
import type { LockBlock } from '../lockfile/format/block.js';
import { readLockFile } from '../lockfile/lock-on-disk.js';
import { chainKey, type Manifest } from '../manifest.js';
import type { Item } from '../pipeline/plan.js';
import { fileNameOf } from '../process/file-names.js';

/**
 * Keys, chains and log folders of today's definition, and those of pipeline.lock. An item without a
 * key yet contributes those of its last result.
 */
export async function rootsOf(project: Project): Promise<GcRoots> {
  const build = await inspection(project, []);
  const keys: string[] = [];
  const chains: { chain: string; epoch: number }[] = [];
  for (const [index, outlook] of await predict(build)) {
    const item = itemAt(build, index);
    const last = project.cache.state.readLast(item.id);
    if (last !== undefined) add(item, last.key, last.manifest);
    if (outlook.kind === 'fresh' || outlook.kind === 'restore') {
      add(item, outlook.key, outlook.record.manifest);
    } else if (outlook.kind === 'run') add(item, outlook.key, outlook.manifest);
  }
  for (const [id, block] of lockedBlocks(project)) {
    const item = project.plan.items.find((each) => each.id === id);
    const manifest = project.cache.readRecord(block.key)?.manifest;
    if (item === undefined || manifest === undefined) keys.push(block.key);
    else add(item, block.key, manifest, block.epochs?.target);
  }
  return { keys, chains, logs: project.plan.items.map(({ id }) => fileNameOf(id)) };

  function add(
    { epochs }: Item,
    key: string,
    manifest: Manifest,
    target = epochs?.target ?? 0,
  ): void {
    keys.push(key);
    if (epochs === undefined) return;
    chains.push({ chain: chainKey(manifest, epochs.param), epoch: target });
  }
}

/** Covers every profile: a committed result is needed, whichever profile ran last. */
function lockedBlocks(project: Project): [string, LockBlock][] {
  return [...(readLockFile(project)?.values() ?? [])].flatMap((section) => [...section]);
}
