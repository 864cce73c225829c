/** The keys of this repository's own pipeline equal pipeline.lock, under either name of the stage module. */
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { projectWithin } from '../rig/projects.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The scope of the private packages: `packages/data` is `@pipe-experiment/data`. */
const PRIVATE = '@pipe-experiment';

it('are those of pipeline.lock, also with stages from before the package was pipe-run', async () => {
  const made = projectWithin();
  const parts = ['pipeline.yaml', 'pipeline.lock', 'package.json', 'tsconfig.json', 'stages'];
  for (const part of [...parts, 'packages'])
    cpSync(path.join(root, part), made.path(part), { recursive: true });
  // As npm links them: the private packages are those of the copy.
  mkdirSync(made.path('node_modules'));
  for (const name of readdirSync(path.join(root, 'node_modules')).filter(
    (each) => each !== PRIVATE,
  ))
    symlinkSync(path.join(root, 'node_modules', name), made.path(`node_modules/${name}`));
  symlinkSync('../packages', made.path(`node_modules/${PRIVATE}`));
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
