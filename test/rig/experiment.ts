/** A copy of the experiment of this repository, with its private packages, as npm links them. */
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Project } from './project.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The scope of the private packages: `packages/data` is `@pipe-experiment/data`. */
const PRIVATE = '@pipe-experiment';

const PARTS = ['pipeline.yaml', 'pipeline.lock', 'package.json', 'tsconfig.json', 'stages'];

export function copyExperiment(project: Project): void {
  for (const part of [...PARTS, 'packages'])
    cpSync(path.join(ROOT, part), project.path(part), { recursive: true });
  mkdirSync(project.path('node_modules'));
  for (const name of readdirSync(path.join(ROOT, 'node_modules')))
    if (name !== PRIVATE)
      symlinkSync(path.join(ROOT, 'node_modules', name), project.path(`node_modules/${name}`));
  symlinkSync('../packages', project.path(`node_modules/${PRIVATE}`));
}
