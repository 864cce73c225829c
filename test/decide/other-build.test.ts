/** What one build of pipe stored to save time, a plan or a trace, is not used by another, whose rules may differ. */
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { openCodes } from '../../src/decide/code.js';
import { openProject } from '../../src/decide/project.js';
import type { Project } from '../rig/project.js';
import { project } from '../rig/projects.js';

const FILES = {
  'pipeline.yaml': 'stages:\n  fit: { cmd: sh fit.sh, outs: [out] }\n',
  'fit.sh': '. ./lib.sh\n',
  'lib.sh': '',
};

/** Names of all plans and traces after a command of the tool in that folder, in the order of their creation. */
async function stored(made: Project, dist: string): Promise<string[]> {
  const host = { cwd: made.root, env: {}, dist, version: '1.0.0' };
  const opened = await openProject(host, { profiles: [], set: [] }, (message) => {
    throw new Error(message);
  });
  await openCodes(opened, [0]);
  opened.cache.close();
  return ['plans', 'traces'].flatMap((kind) => readdirSync(made.path(`cache/v1/${kind}`))).sort();
}

function tool(made: Project, name: string): string {
  const dist = made.path(name);
  mkdirSync(dist);
  writeFileSync(path.join(dist, 'main.cjs'), '');
  return dist;
}

it('reads neither the plans nor the traces of another build', async () => {
  const made = project(FILES);
  const dist = tool(made, 'dist');
  const first = await stored(made, dist);
  utimesSync(path.join(dist, 'main.cjs'), 1, 1);
  const both = await stored(made, dist);
  expect(both).toEqual(expect.arrayContaining(first));
  // A note of links is stored once the files are old enough, so there may be one more.
  expect(both.length).toBeGreaterThanOrEqual(2 * first.length);
});
