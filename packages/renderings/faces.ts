/** Rendered faces: the homogeneous stand-in. Cartoon faces, frontal and aligned, over blurred photographs. */
import type { Random } from '@pipe-experiment/data/random.js';
import type { RawIndex, SourceContext } from '@pipe-experiment/data/sources/source.js';
import { faceToSvgString, generate } from 'facesjs';
import sharp from 'sharp';
import { expose, overlay, type Raster, sample } from './raster.js';
import { loadScenes, PHOTOGRAPHS_LICENCE } from './scenes.js';
import { type Rendering, writeImages } from './write-images.js';

export interface RenderedFaces {
  readonly kind: 'rendered-faces';
  readonly count: number;
  readonly seed: number;
}

/** Pixels; FFHQ's thumbnails have the same. */
const SIDE = 128;
const BACKGROUND_BLUR = 5;

/** Renders `count` faces. Image i depends on the seed and i alone, not on the count. */
export async function renderFaces(
  { kind, count, seed }: RenderedFaces,
  context: SourceContext,
): Promise<RawIndex> {
  const scenes = await loadScenes(seed, BACKGROUND_BLUR);
  const render: Rendering['render'] = (random, group) => renderFace(random, scenes[group]!);
  const images = await writeImages({ name: 'face', count, seed, quality: 95, render }, context);
  return {
    source: {
      kind,
      label: 'rendered faces (stand-in)',
      standIn: true,
      licence: `faces: facesjs, Apache-2.0; ${PHOTOGRAPHS_LICENCE}`,
      origin: `${count} faces drawn by facesjs with seed ${seed}`,
    },
    images,
  };
}

async function renderFace(random: Random, scenes: readonly Raster[]): Promise<Raster> {
  const scene = random.pick(scenes);
  const image = sample(scene, drawBackground(scene, random), SIDE);
  const svg = frameSvg(drawFaceSvg(random), random);
  overlay(image, await sharp(Buffer.from(svg)).ensureAlpha().raw().toBuffer());
  const light = {
    exposure: random.between(0.7, 1.1),
    strength: random.between(0.05, 0.4),
    angle: random.between(0, 2 * Math.PI),
  };
  expose(image, light, random.between(1, 5), random);
  return image;
}

function drawBackground(scene: Raster, random: Random) {
  const side = Math.round(random.between(80, 240));
  const left = random.int(scene.width - side + 1);
  const top = random.int(scene.height - side + 1);
  return { left, top, width: side, height: side };
}

/** A face as facesjs draws it, on a canvas of 400×600 units. */
function drawFaceSvg(random: Random): string {
  const gender = random.uniform() < 0.5 ? 'female' : 'male';
  return withMathRandom(random.uniform, () => faceToSvgString(generate(undefined, { gender })));
}

/**
 * Runs `work`, which draws from Math.random, on our stream. Synchronous on purpose: nothing else can
 * run before Math.random is itself again.
 */
export function withMathRandom<T>(uniform: () => number, work: () => T): T {
  const original = Math.random;
  Math.random = uniform;
  try {
    return work();
  } finally {
    Math.random = original;
  }
}

/** The view on the drawing: head and hair, aligned but for a few units, as FFHQ's crops are. */
function frameSvg(svg: string, random: Random): string {
  const side = 350 * random.between(0.97, 1.05);
  const left = 200 - side / 2 + random.between(-6, 6);
  const top = 300 - side / 2 + random.between(-6, 6);
  const view = [left, top, side, side].map((value) => value.toFixed(2)).join(' ');
  return svg.replace(
    /<svg[^>]*>/,
    `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}" viewBox="${view}">`,
  );
}
