/** Samples of a model's latent: how far they differ, and whether the truth is as one of them. */

import { keepKnown, toBytes } from '@pipe-experiment/images/planes.js';
import { spread } from '@pipe-experiment/numerics/statistics.js';
import { gatherChunk, type Subject } from './evaluation.js';
import type { Restorer } from './restore.js';

/** Samples that differ by less than this, in gray levels, look like one picture. */
const LEAST_SPREAD = 0.5;

/** Means over the occluded pixels of some images. */
export interface SampleStatistics {
  /** The standard deviation between samples, in gray levels; 0 with fewer than two. */
  readonly spread: number;
  /**
   * How often the true level lies within the range of two or more samples, as a share. It would be
   * `calibrated` on average if the truth were one more draw from their distribution.
   */
  readonly range?: { readonly covered: number; readonly calibrated: number };
}

/**
 * @param pictures uint8 [size, size, channels] each
 * @param original the true picture, of the same shape
 * @param mask uint8 [size, size], not 0 where occluded
 */
export function sampleStatistics(
  pictures: readonly Uint8Array[],
  original: Uint8Array,
  mask: Uint8Array,
): SampleStatistics {
  if (pictures.length < 2) return { spread: 0 };
  const channels = original.length / mask.length;
  let deviations = 0;
  let covered = 0;
  let count = 0;
  for (let i = 0; i < original.length; i++) {
    if (mask[Math.floor(i / channels)] === 0) continue;
    const values = pictures.map((picture) => picture[i]!);
    deviations += spread(values).std;
    covered += 1 - outside(values, original[i]!);
    count++;
  }
  if (count === 0) return { spread: 0 };
  // Of n + 1 exchangeable draws the truth is the lowest with a chance of 1 / (n + 1), and the highest likewise
  // (the rank histogram of ensemble forecasts, Hamill 2001).
  const calibrated = (pictures.length - 1) / (pictures.length + 1);
  return { spread: deviations / count, range: { covered: covered / count, calibrated } };
}

/** The chance that the truth is the lowest or the highest, if equal levels are ordered at random. */
function outside(samples: readonly number[], truth: number): number {
  const below = samples.filter((sample) => sample < truth).length;
  const equal = samples.filter((sample) => sample === truth).length;
  const chance = 1 / (equal + 1);
  return (below === 0 ? chance : 0) + (below + equal === samples.length ? chance : 0);
}

/** Whether samples differ so little, in the mean of all settings, that they are one picture to the eye. */
export function areOnePicture(settings: readonly SampleStatistics[]): boolean {
  return meanStatistics(settings).spread < LEAST_SPREAD;
}

/** The mean over images or settings, to three digits. */
export function meanStatistics(all: readonly SampleStatistics[]): SampleStatistics {
  const mean = (values: readonly number[]) => Number(spread(values).mean.toFixed(3));
  if (all.length === 0) return { spread: 0 };
  const ranges = all.flatMap(({ range }) => range ?? []);
  const [first] = ranges;
  return {
    spread: mean(all.map((each) => each.spread)),
    ...(first && {
      range: { covered: mean(ranges.map(({ covered }) => covered)), calibrated: first.calibrated },
    }),
  };
}

/** Composites of fills drawn from the latent, for one image of one setting. */
export async function drawSamples(
  { images, masks }: Subject,
  model: Restorer,
  setting: string,
  { position, index }: { readonly position: number; readonly index: number },
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<{ readonly pictures: readonly Uint8Array[]; readonly statistics: SampleStatistics }> {
  if (count === 0) return { pictures: [], statistics: { spread: 0 } };
  const { originals, occluded } = gatherChunk(images, masks.get(setting)!, [index]);
  const wholes = await model.restore(originals, occluded, {
    samples: count,
    seed,
    first: position,
  });
  const pictures = Array.from({ length: count }, (_, sample) => {
    const at = sample * originals.length;
    const whole = toBytes(wholes.subarray(at, at + originals.length));
    return keepKnown(whole, originals, occluded, images.channels);
  });
  return { pictures, statistics: sampleStatistics(pictures, originals, occluded) };
}
