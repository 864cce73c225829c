/** Stage `occlude`: one mask for each image and setting, seeded per image, stored apart from the images. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkChoice, checkInteger, checkKeys, checkTree } from '@pipe-experiment/data/check.js';
import { readJson, writeJson } from '@pipe-experiment/data/json.js';
import { mistake } from '@pipe-experiment/data/mistake.js';
import { createNpyWriter } from '@pipe-experiment/data/npy.js';
import { createRandom } from '@pipe-experiment/data/random.js';
import { maskArea, packedLength, packMask } from '@pipe-experiment/images/bits.js';
import { defineStage } from 'pipe-run/stage';
import type { ImageIndex } from './lib/images.js';
import { drawMask, type Occlusion } from './lib/mask.js';
import type { MaskIndex } from './lib/masks.js';
import { checkOcclusions, settingNames } from './lib/occlusions.js';

interface Shape {
  params: { readonly image: unknown; readonly occlusions: unknown; readonly occlude: unknown };
  deps: { readonly images: string };
  outs: { readonly masks: string };
}

export default defineStage<Shape>(({ params, deps, outs, signal, progress }) => {
  const size = checkInteger(checkTree(params.image, 'image').size, 'image.size', 8, 4096);
  const tree = checkTree(params.occlude, 'occlude');
  checkKeys(tree, 'occlude', ['seed', 'settings']);
  const seed = checkInteger(tree.seed, 'occlude.seed', 0);
  const wanted = checkListed(tree.settings, settingNames(params.occlusions));
  const occlusions = checkOcclusions(params.occlusions, size, wanted);
  const { images } = readJson<ImageIndex>(join(deps.images, 'index.json'));

  mkdirSync(outs.masks, { recursive: true });
  const settings: Record<string, Occlusion & { meanArea: number }> = {};
  let done = 0;
  for (const [name, occlusion] of occlusions) {
    signal.throwIfAborted();
    const length = packedLength(size * size);
    const writer = createNpyWriter(join(outs.masks, `${name}.npy`), '|u1', [length]);
    let area = 0;
    for (const { file } of images) {
      // By file, not by row: an image keeps its mask when another becomes unreadable.
      const mask = drawMask(occlusion, size, createRandom(seed, 'occlude', name, file));
      area += maskArea(mask);
      writer.write(packMask(mask));
    }
    writer.close();
    settings[name] = { ...occlusion, meanArea: area / (images.length * size * size) };
    progress(++done, occlusions.size, 'settings');
  }

  const index: MaskIndex = { size, count: images.length, settings };
  writeJson(join(outs.masks, 'index.json'), index);
});

/** The settings that are listed; all of them without a list. */
function checkListed(listed: unknown, all: readonly string[]): readonly string[] {
  if (listed === undefined) return all;
  if (!Array.isArray(listed) || listed.length === 0) {
    throw mistake('occlude.settings: expected a list of names in occlusions');
  }
  return listed.map((name, at) => checkChoice(name, `occlude.settings[${at}]`, all));
}
