/** Copies the outs of a result to a new folder: complete, or not at all. */
import { mkdirSync, mkdtempSync, readdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { DamagedObject } from '../cache/cache.js';
import { removeTree } from '../cache/files/remove.js';
import type { RunRecord } from '../cache/records/record.js';
import type { Project } from '../decide/project.js';
import { userError } from '../error.js';
import type { Item } from '../pipeline/plan.js';
import { lstatIfThere } from '../sys/if-there.js';
import { isWithin } from '../sys/is-within.js';
import { makeFolder } from '../sys/make-folder.js';
import { realPath, realPlace } from '../sys/real-place.js';
import type { ResultRow } from './row.js';
import { SHORT } from './select-rows.js';

interface CheckedOut {
  readonly name: string;
  /** Absolute path. */
  readonly path: string;
  readonly size: number;
}

/**
 * @param folder absolute; it is created, and must be empty if it exists
 * @throws UserError when the folder cannot be used, or the outs are not in the cache
 */
export async function checkout(
  project: Project,
  row: ResultRow,
  folder: string,
): Promise<CheckedOut[]> {
  const { cache } = project;
  cache.pin({ keys: [row.key] });
  const found = row.state === 'removed' ? undefined : cache.readRecord(row.key);
  if (found === undefined) throw removed(row);
  if (found.outs.length === 0) throw withoutOuts(row);
  const record = { ...found, outs: found.outs.filter(({ temp }) => !temp) };
  if (record.outs.length === 0) throw removed(row, 'all its outs are temporary');
  requireOwnFolder(project, folder);
  const names = fileNames(project.plan.items, record);
  makeFolder(path.dirname(folder));
  const own = mkdtempSync(`${folder}.pipe-`);
  const clean = () => removeTree(own);
  // An interrupt ends this command at once.
  process.once('exit', clean);
  try {
    // Within it, because only this process may read the folder that mkdtemp creates.
    const draft = path.join(own, 'outs');
    mkdirSync(draft);
    for (const [at, out] of record.outs.entries())
      await cache.outs.copy(out, path.join(draft, names[at] as string));
    // Replaces an empty folder, and fails if another process has put files there meanwhile.
    renameSync(draft, folder);
  } catch (error) {
    if (error instanceof DamagedObject) throw removed(row, error.message);
    throw error;
  } finally {
    process.off('exit', clean);
    clean();
  }
  return record.outs.map(({ name, size }, at) => ({
    name,
    path: path.join(folder, names[at] as string),
    size,
  }));
}

function withoutOuts({ item, key }: ResultRow): Error {
  return userError(
    'no-result',
    `the result ${key.slice(0, SHORT)} of ${item} has no outs that could be checked out`,
    `its stage declares none; \`pipe log ${item}\` prints its last output`,
  );
}

function removed({ item, key }: ResultRow, why = 'gc removed its outs'): Error {
  return userError(
    'no-result',
    `the result ${key.slice(0, SHORT)} of ${item} cannot be checked out: ${why}`,
    '`pipe results diff` says which params it had: `pipe run --set …` with them computes it again',
  );
}

/** Names each out by the last name of its path, or all by the names of the outs if two are the same. */
function fileNames(items: readonly Item[], { item, outs }: RunRecord): string[] {
  const stage = item.split('@', 1)[0];
  const own = items.find((each) => each.id === item) ?? items.find((each) => each.stage === stage);
  const paths = outs.map(({ name }) => own?.outs.find((each) => each.name === name)?.path ?? name);
  const short = paths.map((each) => path.posix.basename(each));
  if (new Set(short).size === short.length && short.every(isName)) return short;
  const names = new Set<string>();
  for (const out of outs) {
    let name = out.name.replace(/[^\w.,=-]/g, '_');
    while (!isName(name) || names.has(name)) name = `out_${name}`;
    names.add(name);
  }
  return [...names];
}

function isName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);
}

function requireOwnFolder({ root, cache, plan }: Project, folder: string): void {
  const refuse = (what: string) => {
    throw userError(
      'checkout-folder',
      `${folder} ${what}`,
      'name a folder that does not exist yet: `pipe checkout` never writes over other files',
    );
  };
  const stat = lstatIfThere(folder);
  if (stat?.isSymbolicLink()) refuse('is a link');
  if (stat !== undefined && !stat.isDirectory()) refuse('is not a folder');
  if (stat !== undefined && readdirSync(folder).length > 0) refuse('is not empty');
  const place = realPlace(folder);
  const home = realPath(root);
  const inside = path.relative(home, path.resolve(folder));
  if (!inside.startsWith('..') && !path.isAbsolute(inside) && place !== path.resolve(home, inside))
    refuse('is reached through a link');
  if (isWithin(home, place)) refuse('contains the project');
  if (isWithin(place, realPlace(cache.layout.root))) refuse('is inside the cache');
  for (const { id, outs } of plan.items)
    for (const out of outs) {
      const other = path.join(home, out.path);
      if (isWithin(place, other) || isWithin(other, place))
        refuse(`overlaps ${out.path}, an out of ${id}`);
    }
}
