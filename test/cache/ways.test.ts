/** The links and folders that lead to a path. */
import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MOST_LINKS, Ways, wayOf } from '../../src/cache/scan/link-targets.js';
import type { StatColumns } from '../../src/noop/answer-file.js';
import { ReadSet } from '../../src/noop/read-set.js';
import { temporaryFolder } from './project.js';

const names = fc.constantFrom('a', 'b');
const targets = fc
  .array(fc.constantFrom('a', 'b', '..'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'));

/** Creates what is possible: a folder or a link at each path. */
function create(root: string, entries: readonly (readonly [string[], string])[]): void {
  for (const [parts, target] of entries) {
    const where = path.join(root, ...parts);
    try {
      mkdirSync(path.dirname(where), { recursive: true });
      if (target === 'folder') mkdirSync(where);
      else symlinkSync(target, where);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    }
  }
}

test('are all recorded, whatever links lead through which others (property)', () => {
  const paths = fc.array(names, { minLength: 1, maxLength: 3 });
  const kinds = fc.oneof(targets, fc.constant('folder'));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(paths, kinds), { minLength: 3, maxLength: 10 }),
      paths,
      (entries, parts) => {
        const root = temporaryFolder();
        create(root, entries);
        const readSet = new ReadSet(root, { timeAt: () => Date.now() });
        const absolute = path.join(root, ...parts);
        new Ways(root, readSet).walk(absolute);
        // The last one is the target. The system follows no more than 40 links.
        const links = wayOf(absolute).slice(0, -1);
        if (links.length >= MOST_LINKS) return;
        const inside = (where: string) => where.startsWith(`${root}/`);
        const recorded = (list: StatColumns) => list.paths.map((each) => path.resolve(root, each));
        const { own, above } = readSet.lists;
        expect(recorded(own)).toEqual(expect.arrayContaining(links.filter(inside)));
        const folders = links.map((each) => path.dirname(each)).filter(inside);
        expect(recorded(above)).toEqual(expect.arrayContaining(folders));
      },
    ),
    { numRuns: 1_500 },
  );
});
