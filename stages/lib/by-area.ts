/** SSIM by the shape of the hole and by its area, image by image: for settings that draw their area from a range. */

import { createRandom } from '@pipe-experiment/data/random.js';
import { type Interval, pairedBootstrap, spread } from '@pipe-experiment/numerics/statistics.js';
import { fewGroups } from './gains.js';
import { type DataSet, imageScores, type Row } from './results.js';
import type { Setting } from './scores.js';

/** Bounds of the bins, shares of the image: from the one, below the next. */
export const AREA_BOUNDS: readonly number[] = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 1];

/** The images of a setting whose holes are of about one size. */
export interface AreaBin {
  readonly from: number;
  readonly to: number;
  readonly images: number;
  /** Mean of the model's SSIM, and of the classical fill's that is best in this bin. */
  readonly model: number;
  readonly rival: Row;
  readonly classical: number;
  /** The model's less the classical fill's. */
  readonly gain: Interval;
}

export interface ShapeLine {
  readonly setting: Setting;
  /** One for each pair of bounds; undefined where too few images fall. */
  readonly bins: readonly (AreaBin | undefined)[];
}

/** Fewer images than this say nothing about a bin. */
const FEWEST = 5;

/** None for a data set whose settings all have one area. */
export function linesByArea(dataset: DataSet, model: Row): readonly ShapeLine[] {
  return dataset.settings.flatMap((setting, at) => {
    if (setting.shape === 'square' || setting.area[0] === setting.area[1]) return [];
    const areas = areasOf(dataset, at);
    const bounds = AREA_BOUNDS.slice(1).map((to, i) => [AREA_BOUNDS[i]!, to] as const);
    return [
      {
        setting,
        bins: bounds.map(([from, to]) => binOf(dataset, model, setting, areas, from, to)),
      },
    ];
  });
}

function areasOf({ models }: DataSet, setting: number): ArrayLike<number> {
  const [{ areas, test }] = models[0].items;
  return Array.from({ length: test.images }, (_, i) => areas[setting * test.images + i]!);
}

function binOf(
  { baselines, index }: DataSet,
  model: Row,
  { name }: Setting,
  areas: ArrayLike<number>,
  from: number,
  to: number,
): AreaBin | undefined {
  const chosen = Array.from(areas, (_, i) => i).filter((i) => areas[i]! >= from && areas[i]! < to);
  if (chosen.length < FEWEST) return undefined;
  const pick = (row: Row) => {
    const scores = imageScores(row, name);
    return chosen.map((image) => scores[image]!);
  };
  const ours = pick(model);
  const rivals = baselines.map((row) => ({ row, scores: pick(row) }));
  const mean = (scores: readonly number[]) => spread(scores).mean;
  const best = rivals.reduce((one, other) => (mean(other.scores) > mean(one.scores) ? other : one));
  const { resamples, seed, effect } = index.bootstrap;
  const groups = fewGroups(chosen.map((image) => index.groups.ofTest[image]!));
  const [gain] = pairedBootstrap(
    [ours.map((value, i) => value - best.scores[i]!)],
    { resamples, effect, groups },
    createRandom(seed, 'bootstrap', name, from),
  );
  return {
    from,
    to,
    images: chosen.length,
    model: mean(ours),
    rival: best.row,
    classical: mean(best.scores),
    gain: gain!,
  };
}
