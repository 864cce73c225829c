/** Rendered animals: the heterogeneous stand-in. Animals pasted on crops of photographs, anywhere and of any size. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { mistake } from '@pipe-experiment/data/mistake.js';
import { createRandom, type Random } from '@pipe-experiment/data/random.js';
import type { RawIndex, SourceContext } from '@pipe-experiment/data/sources/source.js';
import sharp from 'sharp';
import { ANIMALS } from './animals-list.js';
import { crop, makeSprite, paste, type Raster, type Sprite } from './raster.js';
import { GROUPS, loadScenes, PHOTOGRAPHS_LICENCE } from './scenes.js';
import { type Rendering, writeImages } from './write-images.js';

export interface RenderedAnimals {
  readonly kind: 'rendered-animals';
  readonly count: number;
  readonly seed: number;
  /** So many kinds of animals, on both sides of the split; all, each on one side, unless said. */
  readonly kinds?: number;
}

const EMOJI = '@lobehub/fluent-emoji-3d';
/** The images are defined for this version: with another one this line, and so this stage's key, changes. */
const EMOJI_VERSION = '1.1.0';
/** Pixels of the pictures, which are square. */
const EMOJI_SIDE = 256;
/** The shortest side of a crop, pixels; the longest is its region's. */
const SHORTEST = 200;

/** Renders `count` images. Image i depends on the seed and i alone, not on the count. */
export async function renderAnimals(
  { kind, count, seed, kinds }: RenderedAnimals,
  context: SourceContext,
): Promise<RawIndex> {
  const scenes = await loadScenes(seed, 0);
  const herds = kinds === undefined ? dealKinds(seed) : shareKinds(seed, kinds);
  const load = createSpriteLoader();
  const render: Rendering['render'] = async (random, group) => {
    const image = cropScene(random.pick(scenes[group]!), random);
    await pasteAnimals(image, herds[group]!, load, random);
    return image;
  };
  const images = await writeImages({ name: 'animal', count, seed, quality: 92, render }, context);
  return {
    source: {
      kind,
      label: 'rendered animals (stand-in)',
      standIn: true,
      licence: `animals: ${EMOJI}, MIT; ${PHOTOGRAPHS_LICENCE}`,
      origin: `${count} scenes pasted from ${EMOJI} ${EMOJI_VERSION} with seed ${seed}`,
    },
    images,
  };
}

async function pasteAnimals(
  image: Raster,
  herd: readonly string[],
  load: (picture: string) => Promise<Sprite>,
  random: Random,
): Promise<void> {
  const short = Math.min(image.width, image.height);
  const count = 1 + random.int(3);
  for (let drawn = 0; drawn < count; drawn++) {
    paste(image, await load(random.pick(herd)), {
      x: random.between(0.2, 0.8) * image.width,
      y: random.between(0.2, 0.8) * image.height,
      side: short * random.between(0.4, 0.9) * (count === 1 ? 1 : 0.75),
      angle: 0.35 * random.normal(),
      mirrored: random.uniform() < 0.5,
      brightness: random.between(0.45, 1),
    });
  }
}

function cropScene(scene: Raster, random: Random): Raster {
  const width = SHORTEST + random.int(scene.width - SHORTEST + 1);
  const height = SHORTEST + random.int(scene.height - SHORTEST + 1);
  const left = random.int(scene.width - width + 1);
  const top = random.int(scene.height - height + 1);
  return crop(scene, { left, top, width, height }, random.uniform() < 0.5);
}

/** The pictures of each group: a kind, with all its pictures, is in one group only. It goes where the fewest pictures are, so that groups come out even. */
export function dealKinds(seed: number): readonly (readonly string[])[] {
  const groups = Array.from({ length: GROUPS }, (): string[] => []);
  for (const kind of createRandom(seed, 'herds').shuffle(Object.values(ANIMALS))) {
    const smallest = groups.reduce((least, group) => (group.length < least.length ? group : least));
    smallest.push(...kind);
  }
  return groups;
}

/** The same few kinds in every group: the first of a list, so that more kinds contain those of fewer. */
export function shareKinds(seed: number, kinds: number): readonly (readonly string[])[] {
  const all = createRandom(seed, 'herds').shuffle(Object.values(ANIMALS));
  const herd = all.slice(0, kinds).flat();
  return Array.from({ length: GROUPS }, () => herd);
}

/** Loads pictures by name, each once. */
function createSpriteLoader(): (picture: string) => Promise<Sprite> {
  const assets = findAssets();
  const loaded = new Map<string, Promise<Sprite>>();
  return (picture) => {
    const known = loaded.get(picture);
    if (known) return known;
    const sprite = loadSprite(join(assets, `${picture}.webp`));
    loaded.set(picture, sprite);
    return sprite;
  };
}

async function loadSprite(file: string): Promise<Sprite> {
  const { data, info } = await sharp(file)
    .toColourspace('srgb')
    .ensureAlpha()
    .resize(EMOJI_SIDE, EMOJI_SIDE, { fit: 'fill' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return makeSprite(data, info.width);
}

function findAssets(): string {
  const file = createRequire(import.meta.url).resolve(`${EMOJI}/package.json`);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  if (version !== EMOJI_VERSION) {
    throw mistake(
      `the rendered animals are defined for ${EMOJI} ${EMOJI_VERSION}, found ${version}`,
      `Run npm ci; to go over to ${version}, change EMOJI_VERSION beside the code that renders them.`,
    );
  }
  return join(dirname(file), 'assets');
}
