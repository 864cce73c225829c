/** A copy of the experiment in this repository, with its private packages, as npm links them. */
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Project } from './project.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The scope of the private packages: `packages/data` is `@pipe-experiment/data`. */
const PRIVATE = '@pipe-experiment';

const PARTS = ['pipeline.yaml', 'pipeline.lock', 'package.json', 'tsconfig.json', 'stages'];

/** Pixels on a side of an image of `SMALL`. */
export const SMALL_SIZE = 48;

/** Options for all of the experiment, in colour and with two seeds, in a minute: 10 items. */
export const SMALL = [
  ...['--profile', 'shapes'],
  ...[
    'datasets=[animals]',
    'seeds=[1, 2]',
    'sources.animals.count=48',
    `image.size=${SMALL_SIZE}`,
    'image.channels=3',
    'split={ train: 24, test: 8, seed: 1 }',
    'train.epochs=1',
    'train.validation=4',
    'model.shapes.width=0.1',
    'model.shapes.train={ batch: 8 }',
    'baselines.train=4',
    'baselines.methods=[mean, harmonic, fsr, pca]',
    'evaluate.bootstrap=100',
  ].flatMap((one) => ['--set', one]),
];

export function copyExperiment(project: Project): void {
  for (const part of [...PARTS, 'packages'])
    cpSync(path.join(ROOT, part), project.path(part), { recursive: true });
  mkdirSync(project.path('node_modules'));
  for (const name of readdirSync(path.join(ROOT, 'node_modules')))
    if (name !== PRIVATE)
      symlinkSync(path.join(ROOT, 'node_modules', name), project.path(`node_modules/${name}`));
  symlinkSync('../packages', project.path(`node_modules/${PRIVATE}`));
}
