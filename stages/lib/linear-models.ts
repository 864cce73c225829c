/** Fits the linear methods to train images; how many components, images of other groups decide. */

import { createRandom } from '@pipe-experiment/data/random.js';
import { createHole } from '@pipe-experiment/fills/hole.js';
import { fitVariogram } from '@pipe-experiment/fills/kriging.js';
import {
  LINEAR_NAMES,
  type LinearModels,
  restoreBaselines,
} from '@pipe-experiment/fills/methods.js';
import {
  createGram,
  fitPcaTo,
  type Gram,
  leadingPca,
  type Pca,
} from '@pipe-experiment/fills/pca.js';
import { fitPcaMixture } from '@pipe-experiment/fills/pca-mixture.js';
import { planeOf } from '@pipe-experiment/images/planes.js';
import { ssim, ssimNamesFor } from '@pipe-experiment/images/ssim.js';
import type { BaselineParams } from './baseline-params.js';
import { gatherChunk, imageOf, type Subject } from './evaluation.js';

export interface FittedModels {
  /** By setting: the same fit with the number of components that suits the hole. */
  readonly bySetting: ReadonlyMap<string, LinearModels>;
  /** Train images that were fitted to. */
  readonly images: number;
  /** Components by setting; empty without PCA. */
  readonly components: Readonly<Record<string, number>>;
}

/** Never to an image that is tested. */
export function fitLinear(
  subject: Subject,
  train: readonly number[],
  asked: BaselineParams,
): FittedModels {
  const settings = [...subject.masks.keys()];
  const wanted = (name: 'pca' | 'pca-mixture' | 'kriging') => asked.methods.includes(name);
  const learns = LINEAR_NAMES.some((name) => asked.methods.includes(name));
  const chosen = spreadOver(train, learns ? asked.pca.images : 0);
  const variogram = wanted('kriging') ? variogramOf(subject, chosen) : undefined;
  if (!wanted('pca') && !wanted('pca-mixture')) {
    const only = new Map(settings.map((name) => [name, { variogram }]));
    return { bySetting: only, images: chosen.length, components: {} };
  }
  const gram = gramOf(subject, chosen);
  const components = wanted('pca') ? chooseComponents(subject, chosen, gram, asked) : {};
  const all = wanted('pca')
    ? fitPcaTo(gram, Int32Array.from(chosen.keys()), Math.max(...Object.values(components)))
    : undefined;
  const mixture = wanted('pca-mixture')
    ? fitPcaMixture(gram, subject.images, asked.mixture, createRandom(asked.seed, 'mixture'))
    : undefined;
  const bySetting = settings.map((name) => {
    const pca = all && leadingPca(all, components[name]!);
    return [name, { pca, mixture, variogram }] as const;
  });
  return { bySetting: new Map(bySetting), images: chosen.length, components };
}

/** At most so many, evenly over the list. */
function spreadOver(indices: readonly number[], most: number): readonly number[] {
  const count = Math.min(most, indices.length);
  return Array.from(
    { length: count },
    (_, at) => indices[Math.floor((at * indices.length) / count)]!,
  );
}

/** A variogram of more images is the same: each has thousands of pairs of pixels. */
const VARIOGRAM_IMAGES = 500;

function variogramOf({ images: { data, size, channels } }: Subject, chosen: readonly number[]) {
  const length = size * size * channels;
  const some = spreadOver(chosen, VARIOGRAM_IMAGES);
  return fitVariogram(
    some.map((index) => data.subarray(index * length, (index + 1) * length)),
    size,
    channels,
  );
}

function gramOf({ images: { data, size, channels } }: Subject, chosen: readonly number[]): Gram {
  const length = size * size * channels;
  const some = new Uint8Array(chosen.length * length);
  chosen.forEach((index, at) => {
    some.set(data.subarray(index * length, (index + 1) * length), at * length);
  });
  return createGram(some, length);
}

/** For each setting the number that restores images best which no image of the fit shares a group with. */
function chooseComponents(
  subject: Subject,
  chosen: readonly number[],
  gram: Gram,
  { pca: { components, validation }, seed }: BaselineParams,
): Record<string, number> {
  const settings = [...subject.masks.keys()];
  const { held, fitted } = holdOut(subject, chosen, validation, seed);
  if (components.length === 1 || held.length === 0 || fitted.length < 2) {
    return Object.fromEntries(settings.map((name) => [name, components[0]!]));
  }
  const pca = fitPcaTo(gram, Int32Array.from(fitted), Math.max(...components));
  const candidates = components.map((count) => ({ count, pca: leadingPca(pca, count) }));
  return Object.fromEntries(
    settings.map((name) => {
      const scores = candidates.map((one) => meanSsim(subject, name, held, one.pca));
      return [name, candidates[scores.indexOf(Math.max(...scores))]!.count];
    }),
  );
}

/** Whole groups, drawn by seed, until there are images enough; positions in `chosen` of the others. */
function holdOut(
  { images: { index } }: Subject,
  chosen: readonly number[],
  most: number,
  seed: number,
): { readonly held: readonly number[]; readonly fitted: readonly number[] } {
  const groupOf = (image: number) => index.images[image]!.group;
  const groups = createRandom(seed, 'components').shuffle([...new Set(chosen.map(groupOf))].sort());
  const out = new Set<string>();
  for (const group of groups.slice(1)) {
    if (chosen.filter((image) => out.has(groupOf(image))).length >= most) break;
    out.add(group);
  }
  const held = chosen.filter((image) => out.has(groupOf(image)));
  const fitted = [...chosen.keys()].filter((at) => !out.has(groupOf(chosen[at]!)));
  return { held: spreadOver(held, most), fitted };
}

function meanSsim(subject: Subject, setting: string, indices: readonly number[], pca: Pca): number {
  const { size, channels } = subject.images;
  const [name = 'global'] = ssimNamesFor(size, size);
  const chunk = gatherChunk(subject.images, subject.masks.get(setting)!, indices);
  let sum = 0;
  for (let i = 0; i < indices.length; i++) {
    const { original, mask } = imageOf(chunk, i);
    const hole = createHole(mask, size, size);
    const { composite } = restoreBaselines(['pca'], original, hole, channels, { pca }).get('pca')!;
    for (let channel = 0; channel < channels; channel++) {
      const [a, b] = [original, composite].map((image) => planeOf(image, channel, channels));
      sum += ssim(a!, b!, size, size, name);
    }
  }
  return sum / (indices.length * channels);
}
