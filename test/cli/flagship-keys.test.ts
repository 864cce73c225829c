/** The keys of this repository's own pipeline equal pipeline.lock, under either name of the stage module. */
import { cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { projectWithin } from '../rig/projects.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

it('are those of pipeline.lock, also with stages from before the package was pipe-run', async () => {
  const made = projectWithin();
  for (const part of ['pipeline.yaml', 'pipeline.lock', 'package.json', 'tsconfig.json', 'stages'])
    cpSync(path.join(root, part), made.path(part), { recursive: true });
  symlinkSync(path.join(root, 'node_modules'), made.path('node_modules'));
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
