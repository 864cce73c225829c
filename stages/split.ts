/** Stage `split`: which images train and which test, seeded, no group on both sides. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkInteger, checkKeys, checkTree } from '@pipe-experiment/data/check.js';
import { readJson, writeJson } from '@pipe-experiment/data/json.js';
import { defineStage } from 'pipe-run/stage';
import type { ImageIndex } from './lib/images.js';
import { splitByGroup } from './lib/split.js';

interface Shape {
  params: { readonly split: unknown };
  deps: { readonly images: string };
  outs: { readonly split: string };
}

export default defineStage<Shape>(({ params, deps, outs }) => {
  const tree = checkTree(params.split, 'split');
  checkKeys(tree, 'split', ['train', 'test', 'seed']);
  const sizes = {
    train: checkInteger(tree.train, 'split.train', 1),
    test: checkInteger(tree.test, 'split.test', 1),
  };
  const seed = checkInteger(tree.seed, 'split.seed', 0);
  const { images } = readJson<ImageIndex>(join(deps.images, 'index.json'));

  const split = splitByGroup(images, sizes, seed);

  mkdirSync(outs.split, { recursive: true });
  writeJson(join(outs.split, 'split.json'), split);
  for (const side of ['train', 'test'] as const) {
    const names = split[side].map((index) => `${images[index]!.file}\n`);
    writeFileSync(join(outs.split, `${side}.txt`), names.join(''));
  }
  console.log(
    `${split.train.length} train images of ${split.groups.train} groups, ` +
      `${split.test.length} test images of ${split.groups.test} groups`,
  );
  for (const note of split.notes) console.warn(`WARNING: ${note}`);
});
