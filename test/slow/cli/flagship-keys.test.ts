/** The keys of this repository's own pipeline equal pipeline.lock, under either name of the stage module. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { copyExperiment } from '../../rig/experiment.js';
import { projectWithin } from '../../rig/projects.js';

it('are those of pipeline.lock, even with stages from before the package was called pipe-run', async () => {
  const made = projectWithin();
  copyExperiment(made);
  const check = () => made.pipe('lock', '--check');
  const before = await check();
  expect(before).toMatchObject({ code: 0, err: '' });

  const modules = readdirSync(made.path('stages'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => made.path(`stages/${name}`));
  const renamed = modules.filter((file) => {
    const text = readFileSync(file, 'utf8');
    const older = text.replace("'pipe-run/stage'", "'pipe/stage'");
    if (older !== text) writeFileSync(file, older);
    return older !== text;
  });
  expect(renamed.length).toBeGreaterThanOrEqual(7);
  expect(await check()).toEqual(before);
});
