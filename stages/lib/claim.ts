/** The paper's claim, that a network needs homogeneous images, compared with our two data sets. */
import { rankedBy } from './examples.js';
import { PAPER_ROWS, settingBeside } from './paper.js';
import { bestBaseline, type DataSet, figureOf, gainOf, type Row } from './results.js';
import type { Target } from './score.js';
import type { Setting } from './scores.js';

/** How much better the homogeneous set is restored than the heterogeneous one, under one score. */
export interface ClaimLine {
  readonly setting: Setting;
  readonly score: string;
  readonly target: Target;
  /** Differences of means over test images: of the model, and of the best classical fill, which learns nothing. */
  readonly model: number;
  readonly classical: number;
}

/** By how much the model cuts what the best classical fill leaves to be desired (1 − SSIM), on both sets. */
export interface CutLine {
  readonly setting: Setting;
  readonly homogeneous: Cut;
  readonly heterogeneous: Cut;
  /** The one less the other. Two independent samples: half widths add in squares. */
  readonly difference: Cut;
}

/** A share of 1 − SSIM, with its 95 % interval. */
export interface Cut {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export interface Claim {
  readonly homogeneous: DataSet;
  readonly heterogeneous: DataSet;
  /** On both sets the same model. */
  readonly model: string;
  readonly lines: readonly ClaimLine[];
  readonly cuts: readonly CutLine[];
}

/** The paper's two test figures of its first table. */
export const PAPER_GAP = PAPER_ROWS[1]!.test.mean - PAPER_ROWS[0]!.test.mean;

/** Undefined unless both kinds of data were scored, scaled alike, with one model and the same holes. */
export function claimOf(datasets: readonly DataSet[]): Claim | undefined {
  for (const faces of datasets.filter(({ dataset }) => PAPER_ROWS[1]!.ours.includes(dataset))) {
    const animals = datasets.find(
      ({ dataset, index }) =>
        PAPER_ROWS[0]!.ours.includes(dataset) && index.image.kernel === faces.index.image.kernel,
    );
    const claim = animals && compare(faces, animals);
    if (claim) return claim;
  }
  return undefined;
}

function compare(homogeneous: DataSet, heterogeneous: DataSet): Claim | undefined {
  const [one] = homogeneous.models;
  const two = heterogeneous.models.find(({ name }) => name === one.name);
  const shared = homogeneous.settings.filter(({ name }) =>
    heterogeneous.settings.some((setting) => setting.name === name),
  );
  if (two === undefined || shared.length === 0) return undefined;
  const lineOf = (setting: Setting, score: string, target: Target): ClaimLine => {
    const mean = (row: Row) => figureOf(row, 'test', setting.name, target, score).mean;
    const best = (dataset: DataSet) => mean(bestBaseline(dataset, setting.name));
    const model = mean(one) - mean(two);
    return { setting, score, target, model, classical: best(homogeneous) - best(heterogeneous) };
  };
  const paper = settingBeside(PAPER_ROWS[0]!, shared, homogeneous.index.image.size);
  return {
    homogeneous,
    heterogeneous,
    model: one.label,
    lines: [
      ...(paper ? [lineOf(paper, 'ssim.global', 'whole')] : []),
      ...shared.map((setting) => lineOf(setting, rankedBy(one.items[0].test), 'composite')),
    ],
    cuts: shared.map((setting) => {
      const [near, far] = [cutOf(homogeneous, one, setting), cutOf(heterogeneous, two, setting)];
      return { setting, homogeneous: near, heterogeneous: far, difference: subtract(near, far) };
    }),
  };
}

export function cutOf(dataset: DataSet, model: Row, { name }: Setting): Cut {
  const rival = bestBaseline(dataset, name);
  const { mean, low, high } = gainOf(model, name, rival.name);
  const left = 1 - figureOf(rival, 'test', name, 'composite', rankedBy(rival.items[0].test)).mean;
  return { mean: mean / left, low: low / left, high: high / left };
}

/** Of two independent samples. */
export function subtract(one: Cut, other: Cut): Cut {
  const mean = one.mean - other.mean;
  return {
    mean,
    low: mean - Math.hypot(one.mean - one.low, other.high - other.mean),
    high: mean + Math.hypot(one.high - one.mean, other.mean - other.low),
  };
}
