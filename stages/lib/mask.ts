/** Occlusion masks: the settings a user can name, drawing one, and packing it to bits. */
import type { Random } from '@pipe-experiment/data/random.js';
import { drawBorder, drawEllipse, drawRectangle, drawSquares, drawStrokes } from './shapes.js';

/** A share of the image's area, drawn uniformly from the range; 0 … 1. */
export type ShareRange = readonly [min: number, max: number];

/** One setting of `occlusions:`, by shape. */
export type Occlusion =
  | {
      /** The paper's: `count` squares (1 unless said) of `side` pixels; they may overlap. */
      readonly shape: 'square';
      readonly side: number;
      readonly count?: number;
    }
  | {
      readonly shape: 'rectangle' | 'ellipse';
      readonly area: ShareRange;
      /** Width over height, drawn log-uniformly; ½ … 2 unless said. */
      readonly ratio?: readonly [min: number, max: number];
    }
  | {
      /** Free-form: wandering strokes of a round brush until the area is covered, exactly. */
      readonly shape: 'strokes';
      readonly area: ShareRange;
      /** The brush's diameter in pixels; 6 … 18 unless said. */
      readonly width?: readonly [min: number, max: number];
    }
  | {
      /** Everything outside an inner square: what outpainting has to restore. */
      readonly shape: 'border';
      readonly area: ShareRange;
    };

export type Shape = Occlusion['shape'];

/**
 * Draws one mask of size×size, row-major: 1 = occluded, 0 = known.
 *
 * A pure function of its arguments and the random stream: fresh masks for each epoch come from
 * `drawMask(setting, size, createRandom(seed, 'mask', epoch, image))`.
 */
export function drawMask(occlusion: Occlusion, size: number, random: Random): Uint8Array {
  const mask = new Uint8Array(size * size);
  const canvas = { mask, size };
  switch (occlusion.shape) {
    case 'square':
      drawSquares(canvas, occlusion.side, occlusion.count ?? 1, random);
      return mask;
    case 'rectangle':
      drawRectangle(canvas, drawShare(occlusion.area, random), occlusion.ratio ?? [0.5, 2], random);
      return mask;
    case 'ellipse':
      drawEllipse(canvas, drawShare(occlusion.area, random), occlusion.ratio ?? [0.5, 2], random);
      return mask;
    case 'strokes':
      drawStrokes(canvas, drawShare(occlusion.area, random), occlusion.width ?? [6, 18], random);
      return mask;
    case 'border':
      drawBorder(canvas, drawShare(occlusion.area, random), random);
      return mask;
    default:
      throw new TypeError(`unknown shape: ${JSON.stringify(occlusion satisfies never)}`);
  }
}

function drawShare([min, max]: ShareRange, random: Random): number {
  return random.between(min, max);
}
