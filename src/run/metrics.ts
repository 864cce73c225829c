/** The metrics of items: from the files where they are, else as pipeline.lock has them; or as another revision's lock has them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Project } from '../decide/project.js';
import { userError } from '../error.js';
import type { LockBlock } from '../lock/block.js';
import { LOCK_FILE, type LockSection, sectionOf } from '../lock/file.js';
import { metricsOf } from '../lock/metrics.js';
import { readLock } from '../lock/read.js';
import { readLockFile } from '../lockfile/disk.js';
import type { Item } from '../pipeline/plan.js';
import { select } from '../pipeline/select.js';
import { fileAtRevision } from '../process/git.js';

export type Numbers = Readonly<Record<string, number>>;

/** By item, in plan order; only items that have any. */
export function metricsToday(project: Project, targets: readonly string[]): Map<string, Numbers> {
  const found = new Map<string, Numbers>();
  const section = lockedSection(project);
  for (const index of select(project.plan, targets)) {
    const item = project.plan.items[index] as Item;
    const block = section?.get(item.id);
    const byOut: Record<string, Numbers> = {};
    for (const out of item.outs.filter((each) => each.metrics)) {
      const numbers = numbersIn(path.join(project.root, out.path)) ?? block?.metrics[out.name];
      if (numbers !== undefined) byOut[out.name] = numbers;
    }
    const numbers = merged(byOut);
    if (Object.keys(numbers).length > 0) found.set(item.id, numbers);
  }
  return found;
}

function lockedSection({ root, variant }: Project): LockSection | undefined {
  const name = sectionOf(variant);
  return name === undefined ? undefined : readLockFile(root)?.get(name);
}

/**
 * By item, as the lock of a revision has them.
 *
 * @throws UserError when git does not know the revision, or it has no lock
 */
export async function metricsAt(
  { root, env, variant: { profiles } }: Project,
  revision: string,
): Promise<Map<string, Numbers>> {
  const text = await fileAtRevision({ folder: root, env }, revision, LOCK_FILE);
  if (text === undefined) {
    throw userError(
      'no-lock',
      `there is no ${LOCK_FILE} in revision ${revision}`,
      'commit the one that `pipe run` writes, then compare with it from there on',
    );
  }
  const name = sectionOf({ profiles, set: [] }) as string;
  const section = readLock(text, `${revision}:${LOCK_FILE}`).get(name);
  const blocks: [string, LockBlock][] = [...(section ?? [])];
  return new Map(
    blocks
      .map(([item, block]) => [item, merged(block.metrics)] as const)
      .filter(([, numbers]) => Object.keys(numbers).length > 0),
  );
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

/** Undefined for what is no JSON file. */
function numbersIn(file: string): Numbers | undefined {
  try {
    return metricsOf(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined;
    throw error;
  }
}
