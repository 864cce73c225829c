/**
 * What homogeneity alone is worth: data sets that differ in one thing by steps, such as how far faces are
 * aligned or of how many classes photographs are, at equal counts and budgets.
 */
import { checkTree } from '@pipe-experiment/data/check.js';
import { mistake } from '@pipe-experiment/data/mistake.js';
import type { TextTable } from '@pipe-experiment/pages/text-table.js';
import { type Cut, cutOf, subtract } from './claim.js';
import { cutText } from './html/claim-section.js';
import { settingLabel } from './html/format.js';
import type { DataSet } from './results.js';
import type { Setting } from './scores.js';

/** Steps along one axis, the most homogeneous set first. */
export interface HomogeneityCurve {
  readonly axis: string;
  readonly model: string;
  readonly settings: readonly Setting[];
  readonly steps: readonly {
    readonly dataset: string;
    readonly standIn: boolean;
    /** By setting. */
    readonly cuts: readonly Cut[];
  }[];
}

export const HOMOGENEITY_TITLE = 'What homogeneity alone is worth';
export const ABOUT_HOMOGENEITY =
  'Data sets that differ in one thing, the most homogeneous first, with equal counts of images and equal trainings. ' +
  'By how much the model cuts 1 − SSIM (wang, composite) of the best classical fill of the same set, in percent of ' +
  'it, with 95 % intervals over test images. If a network needs homogeneous images, the cuts fall from step to step. ' +
  'The last line is the first step less the last one.';

/** @param axes `homogeneity` of the parameters: for each axis the names of its data sets, in order */
export function homogeneityCurves(
  datasets: readonly DataSet[],
  axes: unknown,
): readonly HomogeneityCurve[] {
  return Object.entries(checkTree(axes, 'homogeneity')).flatMap(([axis, names]) => {
    if (!Array.isArray(names)) {
      throw mistake(
        `homogeneity.${axis}: expected a list of data sets, the most homogeneous first`,
      );
    }
    const sets = names.flatMap((name) => datasets.find(({ dataset }) => dataset === name) ?? []);
    const [first] = sets;
    if (first === undefined || sets.length < 2) return [];
    return first.models
      .map(({ name }) => name)
      .filter((model) => sets.every(({ models }) => models.some(({ name }) => name === model)))
      .map((model) => curveOf(axis, model, sets));
  });
}

function curveOf(axis: string, model: string, sets: readonly DataSet[]): HomogeneityCurve {
  const settings = sets[0]!.settings.filter((one) =>
    sets.every((set) => set.settings.some(({ name }) => name === one.name)),
  );
  const steps = sets.map((set) => {
    const row = set.models.find(({ name }) => name === model)!;
    const cuts = settings.map((setting) => cutOf(set, row, setting));
    return { dataset: set.name, standIn: set.index.source.standIn, cuts };
  });
  return { axis, model, settings, steps };
}

export function homogeneityTable({ axis, model, settings, steps }: HomogeneityCurve): TextTable {
  const [first, last] = [steps[0]!, steps.at(-1)!];
  const differences = settings.map((_, s) => subtract(first.cuts[s]!, last.cuts[s]!));
  return {
    title: `${axis}, ${model}`,
    head: ['data set', ...settings.map(settingLabel)],
    rows: [
      ...steps.map(({ dataset, cuts }) => [dataset, ...cuts.map(cutText)]),
      [`${first.dataset} − ${last.dataset}`, ...differences.map(cutText)],
    ],
  };
}
