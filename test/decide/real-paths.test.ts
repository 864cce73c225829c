/** Links on the way to what items read lead where the system says. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { linksOf } from '../../src/decide/real-paths.js';
import { ReadSet } from '../../src/noop/read-set.js';
import { loadPlan } from '../../src/pipeline/load.js';
import { unless } from '../../src/sys/if-there.js';
import { realPath } from '../../src/sys/real-place.js';
import { projectWithin } from '../rig/projects.js';

const TEXT = `stages:
  make: { cmd: make, outs: [made] }
  read: { cmd: read, deps: [data], outs: [o] }
`;

const PLACES = ['data/l0', 'data/sub/l1', 'data/sub/deep/l2'];
const NAMES = ['..', 'sub', 'deep', 'made', 'inner', 'l0', 'l1', 'l2', 'x', 'data'];

const target = fc
  .tuple(fc.boolean(), fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 6 }))
  .map(([isAbsolute, names]) => (isAbsolute ? ['ROOT', ...names] : names).join('/'));

/** Deep in the test's folder, so that no link leads out of it. */
function laidOut(targets: readonly string[]): string {
  const root = projectWithin().path('w/'.repeat(20));
  for (const folder of ['data/sub/deep', 'made/inner', 'made/sub']) {
    mkdirSync(path.join(root, folder), { recursive: true });
    writeFileSync(path.join(root, folder, 'x'), '');
  }
  for (const [at, text] of targets.entries())
    symlinkSync(text.replace('ROOT', root), path.join(root, PLACES[at] as string));
  return root;
}

function linksIn(root: string) {
  const plan = loadPlan({ project: root, profiles: [], set: [], text: TEXT, links: {} });
  return linksOf(root, plan, new ReadSet(root, { timeAt: () => Date.now() }));
}

it('finds each link that leads into an out, and no link in a circle (property)', () => {
  const property = fc.property(fc.tuple(target, target, target), (targets) => {
    const root = laidOut(targets);
    const links = linksIn(root);
    for (const link of PLACES) {
      const real = unless(['ENOENT', 'ENOTDIR'], () => realOrCircle(path.join(root, link)));
      if (real === undefined) continue;
      const place = real === 'circle' ? undefined : path.relative(root, real);
      const expected = place !== undefined && /^made(\/|$)/.test(place) ? place : undefined;
      if (expected !== undefined || real === 'circle') expect(links[link]).toBe(expected);
    }
  });
  fc.assert(property, {
    numRuns: 150,
    // Each name on the way of one of these leads through the link itself, once and twice.
    examples: [[['l0/..', 'l1/x/../..', 'x']], [['l0/l0', '../l0/../l1/l1', '../l1/l2/l2']]],
  });
});

function realOrCircle(link: string): string {
  return unless(['ELOOP'], () => realPath(link)) ?? 'circle';
}
