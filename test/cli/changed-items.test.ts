/** Whether an edit of the plan concerns an item that executes, compared with what a run does after it. */
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { changedItems } from '../../src/decide/changed-items.js';
import { inspection } from '../../src/decide/inspection.js';
import { openProject } from '../../src/decide/project.js';
import { surroundings } from '../rig/project.js';
import { ProjectWithin } from '../rig/within.js';
import { CHANGE_COUNT, change } from './support/edits.js';
import { Playground } from './support/playground.js';
import { firstWorld } from './support/watching.js';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));

async function opened({ project: { root, env } }: Playground) {
  const host = { cwd: root, env: surroundings(env), dist: DIST, version: '0.1.0' };
  const project = await openProject(host, { profiles: [], set: [] }, () => {}, true);
  project.cache.close();
  return project;
}

const STEP = fc.record({ kind: fc.nat({ max: CHANGE_COUNT - 1 }), a: fc.nat(), b: fc.nat() });

/** The last two kinds of edits: a comment, and the order of the stages. */
const isLayout = (kind: number) => kind >= CHANGE_COUNT - 2;

it('leaves no item as it is that then runs, and changes none by comments and order (property)', async () => {
  const steps = fc.array(STEP, { minLength: 8, maxLength: 8 });
  const property = fc.asyncProperty(steps, async (drawn) => {
    const ground = new Playground(ProjectWithin);
    try {
      let world = firstWorld();
      ground.lay(world);
      let before = await ground.project.run('-k');
      for (const step of drawn) {
        const build = await inspection(await opened(ground), []);
        // Only the plan changes.
        world = { ...change(world, step), files: world.files };
        if (world.stages.length === 0) return;
        ground.lay(world);
        const isChanged = changedItems(build, (await opened(ground)).plan, new Set());
        const after = await ground.project.run('-k');
        const had = [...before.with('ran'), ...before.with('restored'), ...before.with('fresh')];
        const same = had.filter((item) => !isChanged(item));
        expect(same.filter((item) => after.items[item]?.verdict !== 'fresh')).toEqual([]);
        if (isLayout(step.kind)) expect(same).toEqual(had);
        before = after;
      }
    } finally {
      ground.dispose();
    }
  });
  const layout = { a: 1, b: 0 };
  await fc.assert(property, {
    numRuns: Number(process.env.DRAWS ?? 2),
    examples: [[[CHANGE_COUNT - 2, CHANGE_COUNT - 1].map((kind) => ({ kind, ...layout }))]],
  });
});
