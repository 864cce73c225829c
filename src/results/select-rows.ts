/** Finds results: by stages, items and patterns, or a single result by a key, item or revision. */
import type { Project } from '../decide/project.js';
import { userError } from '../error.js';
import { parseLock } from '../lockfile/format/parse-lock.js';
import { lockNameOf, sectionOf } from '../lockfile/format/sections.js';
import { listed, suggest } from '../pipeline/document/suggest.js';
import { predicate, select } from '../pipeline/select.js';
import { fileAtRevision } from '../process/git.js';
import type { ResultRow } from './row.js';

/** Number of characters to show of a key: enough for 10,000 results. */
export const SHORT = 10;

/** @throws UserError for a target that names neither a result nor an item */
export function rowsOf(
  { plan }: Project,
  rows: readonly ResultRow[],
  targets: readonly string[],
): ResultRow[] {
  if (targets.length === 0) return [...rows];
  const tests = targets.map((target) => {
    const test = predicate(target);
    if (!rows.some(({ item, stage }) => test(item, stage))) select(plan, [target]);
    return test;
  });
  return rows.filter(({ item, stage }) => tests.some((test) => test(item, stage)));
}

/**
 * The result that a key, the start of a key, an item (today's result, else its newest) or
 * `item@rev` (its result in that revision's pipeline.lock) identifies.
 *
 * @throws UserError when there is none, or several
 */
export async function rowNamed(
  project: Project,
  rows: readonly ResultRow[],
  name: string,
): Promise<ResultRow> {
  const ofItem = rows.filter(({ item }) => item === name);
  const today = ofItem.find(({ state }) => state === 'current') ?? ofItem.at(-1);
  if (today !== undefined) return today;
  const byKey = /^[0-9a-f]{4,64}$/.test(name) ? rows.filter(({ key }) => key.startsWith(name)) : [];
  const [first, second] = byKey;
  if (second !== undefined) {
    const keys = byKey.map(({ key, item }) => `${key.slice(0, name.length + 8)} (${item})`);
    throw userError(
      'ambiguous-result',
      `several keys start with "${name}"`,
      listed(keys, 'they are'),
    );
  }
  return first ?? (await atRevision(project, rows, name)) ?? unknown(project, rows, name);
}

/** Both parts of `item@rev`, each of which may contain `@`: `train@faces@HEAD@{1}`. */
export function atItem(
  name: string,
  isItem: (name: string) => boolean,
): { readonly item: string; readonly revision: string } | undefined {
  for (let at = name.lastIndexOf('@'); at > 0; at = name.lastIndexOf('@', at - 1)) {
    const [item, revision] = [name.slice(0, at), name.slice(at + 1)];
    if (revision !== '' && isItem(item)) return { item, revision };
  }
  return undefined;
}

async function atRevision(
  project: Project,
  rows: readonly ResultRow[],
  name: string,
): Promise<ResultRow | undefined> {
  const { root, env, variant } = project;
  const lock = lockNameOf(project);
  const split = atItem(name, (item) => rows.some((row) => row.item === item));
  if (split === undefined) return undefined;
  const { item, revision } = split;
  const text = await fileAtRevision({ folder: root, env }, revision, lock);
  const section = sectionOf({ ...variant, set: [] }) as string;
  const locked = text && parseLock(text, `${revision}:${lock}`).get(section)?.get(item);
  if (!locked)
    throw userError(
      'no-result',
      `${lock} of revision ${revision} has no result of ${item}`,
      '`pipe results` lists the results with their keys',
    );
  const found = rows.find(({ key }) => key === locked.key);
  if (found !== undefined) return found;
  throw userError(
    'no-result',
    `the result of ${item} in revision ${revision} was never in this cache`,
    `check out ${revision}, and run \`pipe run ${item}\``,
  );
}

function unknown({ plan }: Project, rows: readonly ResultRow[], name: string): never {
  if (plan.items.some(({ id }) => id === name))
    throw userError('no-result', `${name} has no result yet`, `run \`pipe run ${name}\``);
  const items = new Set(rows.map(({ item }) => item));
  throw userError(
    'no-result',
    `no result is called "${name}"`,
    suggest(name, items) ?? 'name a key, an item or item@revision; `pipe results` lists them',
  );
}
