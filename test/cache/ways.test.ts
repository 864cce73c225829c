/** The links and folders that lead to a path. */
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ways, wayOf } from '../../src/cache/scan/link-targets.js';
import type { StatColumns } from '../../src/noop/answer-file.js';
import { ReadSet } from '../../src/noop/read-set.js';
import { isWithin } from '../../src/sys/is-within.js';
import { realPlace, realpathIfThere } from '../../src/sys/real-place.js';
import { temporaryFolder } from './project.js';

/** A path, and what to create there: a folder, or a link with this text. */
type Creation = readonly [parts: readonly string[], target: string];

const names = fc.constantFrom('a', 'b');
const paths = fc.array(names, { minLength: 1, maxLength: 3 });
const targets = fc
  .array(fc.constantFrom('a', 'b', '..'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'));
const creations = fc.array(fc.tuple(paths, fc.oneof(targets, fc.constant('folder'))), {
  minLength: 3,
  maxLength: 10,
});

/** Does what the system allows, and nothing outside the root: links may lead there. */
function within(root: string, where: string, act: () => void): void {
  if (!isWithin(realPlace(path.dirname(where)), root)) return;
  try {
    act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
  }
}

function create(root: string, entries: readonly Creation[]): void {
  for (const [parts, target] of entries) {
    const where = path.join(root, ...parts);
    within(root, where, () => {
      mkdirSync(path.dirname(where), { recursive: true });
      if (target === 'folder') mkdirSync(where);
      else symlinkSync(target, where);
    });
  }
}

interface Entry {
  readonly where: string;
  readonly isLink: boolean;
}

/** Every folder and link. Follows no link, unlike the option `recursive` in some versions of Node. */
function entriesIn(folder: string): Entry[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const where = path.join(folder, entry.name);
    if (entry.isDirectory()) return [{ where, isLink: false }, ...entriesIn(where)];
    return entry.isSymbolicLink() ? [{ where, isLink: true }] : [];
  });
}

/** The folders and links without which the path leads elsewhere, found by moving each one away. */
function leadingTo(absolute: string, root: string): Entry[] {
  const real = realpathIfThere(absolute);
  return entriesIn(root).filter(({ where }) => {
    renameSync(where, `${root}-away`);
    const now = realpathIfThere(absolute);
    renameSync(`${root}-away`, where);
    return now !== real;
  });
}

/** False for a path that leads out of the root, or nowhere. */
function holdsFor(entries: readonly Creation[], parts: readonly string[]): boolean {
  const root = temporaryFolder();
  create(root, entries);
  const absolute = path.join(root, ...parts);
  const end = wayOf(absolute).at(-1) as string;
  // The system cannot find the target of a broken link.
  within(root, end, () => writeFileSync(end, '', { flag: 'a' }));
  const real = realpathIfThere(absolute);
  if (real === undefined || !real.startsWith(`${root}/`)) return false;
  expect(end).toBe(real);
  const leading = leadingTo(absolute, root);
  if (leading.every(({ where }) => where !== real)) rmSync(real);
  const readSet = new ReadSet(root, { timeAt: () => Date.now() });
  new Ways(root, readSet).walk(absolute);
  const { own, above } = readSet.lists;
  const recorded = (list: StatColumns) => list.paths.map((each) => path.resolve(root, each)).sort();
  const those = (isLink: boolean) =>
    leading.flatMap((each) => (each.isLink === isLink ? [each.where] : [])).sort();
  expect(recorded(own)).toEqual(those(true));
  expect(recorded(above)).toEqual(those(false));
  return true;
}

test('are all recorded, and nothing else, whatever links lead through which others (property)', () => {
  let held = 0;
  fc.assert(
    fc.property(creations, paths, (entries, parts) => {
      if (holdsFor(entries, parts)) held++;
    }),
    { numRuns: 1_500 },
  );
  expect(held).toBeGreaterThan(300);
});

test('follow the system where `..` comes after a link', () => {
  const folders: Creation[] = [
    [['x', 'y'], 'folder'],
    [['x', 'a'], 'folder'],
    [['b'], 'x/y'],
  ];
  // As texts, both would be the folder of the link itself.
  expect(holdsFor([...folders, [['a'], 'b/../a']], ['a'])).toBe(true);
  expect(holdsFor([...folders, [['c'], 'b/..']], ['c', 'a'])).toBe(true);
});
