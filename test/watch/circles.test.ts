/** A watch of a folder with links to folders that contain it. */
import { EventEmitter, once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { it } from 'vitest';
import { isWithin } from '../../src/sys/is-within.js';
import { watchFiles } from '../../src/watch/file-watch.js';
import { temporaryFolder } from '../cache/project.js';

const PLACES = ['data/l0', 'data/sub/l1', 'data/sub/deep/l2', 'other/l3'];
const TARGETS = [
  '',
  'data',
  'data/sub',
  'data/sub/deep',
  'other',
  'data/l0',
  'other/l3',
  'nowhere',
  '/',
];

it('begins, and reports a change, whatever the links lead to (property)', async () => {
  const targets = fc.tuple(...PLACES.map(() => fc.constantFrom(...TARGETS)));
  const property = fc.asyncProperty(targets, async (drawn) => {
    const root = temporaryFolder();
    for (const folder of ['data/sub/deep', 'other'])
      mkdirSync(path.join(root, folder), { recursive: true });
    for (const [at, target] of drawn.entries())
      symlinkSync(
        target === '/' ? target : path.join(root, target),
        path.join(root, PLACES[at] as string),
      );
    const set = {
      id: 'data',
      counts: (where: string) => isWithin(where, 'data'),
      leadsTo: (where: string) => where === '',
      isOfPlan: () => false,
      concerns: () => false,
      followsLinks: true,
      outside: [],
    };
    const told = new EventEmitter();
    const changed = once(told, 'data/sub/x');
    const watch = await watchFiles(
      root,
      set,
      (where) => told.emit(where),
      (error) => told.emit('error', error),
    );
    writeFileSync(path.join(root, 'data/sub/x'), '');
    await changed;
    await watch.close();
  });
  await fc.assert(property, {
    numRuns: 12,
    examples: [[['', '', '', '/']], [['other', '', '', 'data']], [['data/l0', '', '', '']]],
  });
});
