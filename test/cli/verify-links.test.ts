/** A fresh folder of `pipe verify` with links: each leads where it leads in the project. */
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isWithin } from '../../src/sys/is-within.js';
import { realPath, realpathIfThere } from '../../src/sys/real-place.js';
import { projectWithin } from '../rig/projects.js';

/** So deep in the project that no link below leads out of it, to what other tests change meanwhile. */
const BASE = 'w/'.repeat(16);

const textOf = (deps: object) => `stages:
  read:
    cmd: for f in \${deps.d}/* \${deps.d}/*/* \${deps.d}/*/*/*; do if test -f $f; then echo $f; cat $f; fi; done > \${outs.o}
    deps: ${JSON.stringify(deps)}
    outs: { o: out.txt }
`;
const DATA = { d: `${BASE}data` };

/** Names on the way of a link, also of links, so that \`..\` follows them. */
const NAMES = ['..', 'sub', 'deep', 'other', 'l0', 'l1', 'x', 'data', '.'];
const PLACES = ['data/l0', 'data/sub/l1', 'data/sub/deep/l2'];

function laidOut(texts: readonly string[]) {
  const project = projectWithin({ 'pipeline.yaml': textOf(DATA) });
  for (const folder of ['data', 'data/sub', 'data/sub/deep', 'other', 'other/deep'])
    project.write(`${BASE}${folder}/x`, `${folder}\n`);
  for (const [at, text] of texts.entries())
    symlinkSync(
      text.replace('ROOT', project.path(BASE)),
      project.path(`${BASE}${PLACES[at] as string}`),
    );
  return project;
}

it.each([
  ['.. after a link out of the dep', ['../other/deep', '../l0/../x']],
  ['.. after a link inside the dep', ['sub/deep', '../l0/../x', '../../l0/../../x']],
  ['out of the dep and back', ['../other/../data/sub/x', '../../other/deep/../../data/sub/deep']],
  ['by its absolute path', ['ROOT/data/sub/x', 'ROOT/data/sub/deep', 'ROOT/other']],
])('verifies an item whose dep has a link with %s', async (_name, texts) => {
  const project = laidOut(texts);
  expect((await project.run()).code).toBe(0);
  const { code, out } = await project.pipe('verify');
  expect([code, out]).toEqual([0, expect.stringMatching(/^pipe: 1 same$/m)]);
});

it('verifies an item whose dep has any links', async () => {
  const text = fc
    .tuple(fc.boolean(), fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 5 }))
    .map(([isAbsolute, names]) =>
      isAbsolute ? path.posix.join('ROOT', ...names) : names.join('/'),
    );
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 3 }), async (texts) => {
      const project = laidOut(texts);
      // What is read through a link to a folder that contains the dep is not part of the dep.
      if (texts.some((_, at) => isCircle(project.path(BASE), PLACES[at] as string)))
        project.write('pipeline.yaml', textOf({ ...DATA, other: `${BASE}other` }));
      const run = await project.run();
      // A dep that leads into itself for ever.
      fc.pre(run.code === 0);
      const { code, out, err } = await project.pipe('verify');
      expect([code, out, err]).toEqual([0, expect.stringMatching(/^pipe: 1 same$/m), err]);
    }),
    // Copied as they are read, links in a circle never end.
    { numRuns: 12, examples: [[['ROOT', 'ROOT/deep/other', 'ROOT']]] },
  );
});

/** True for a link to a folder that contains the dep. */
function isCircle(base: string, link: string): boolean {
  const target = realpathIfThere(path.join(base, link));
  return target !== undefined && isWithin(realPath(path.join(base, 'data')), target);
}
