/** What each switch costs or brings: every model against one base, seed by seed, on the same test images. */

import { type Spread, spread } from '@pipe-experiment/numerics/statistics.js';
import { rankedBy } from './examples.js';
import { bestBaseline, type DataSet, figureOf, type Row } from './results.js';
import type { Target } from './score.js';
import type { Setting } from './scores.js';

/** A score of the table, on test images. */
export interface AblationScore {
  readonly score: string;
  readonly target: Target;
}

/** A figure, and how far it is from the base's. */
export interface AblationCell {
  /** Mean over images and seeds, with the deviation over seeds. */
  readonly value: Spread;
  /** Of the differences seed by seed; absent for the base itself and the classical fill. */
  readonly change?: Spread;
  /** Trainings that it is the mean of; 1 for a classical fill. */
  readonly seeds: number;
  /** Whether every one of several seeds says the same: better, worse; else even. */
  readonly verdict: 'up' | 'down' | 'even';
}

export interface AblationLine {
  readonly name: string;
  readonly kind: 'base' | 'model' | 'baseline';
  /** How it differs from the base, such as `slope 1 → 0.2`. */
  readonly switches: readonly string[];
  /** For each setting, each score. */
  readonly cells: readonly (readonly AblationCell[])[];
}

export interface Ablation {
  readonly dataset: string;
  readonly standIn: boolean;
  readonly seeds: number;
  readonly epochs: number;
  readonly settings: readonly Setting[];
  readonly scores: readonly AblationScore[];
  readonly lines: readonly AblationLine[];
}

/**
 * One for each data set that the base was trained on. A model that takes images of another kernel
 * is scored on those.
 */
export function ablationsOf(datasets: readonly DataSet[], base: string): readonly Ablation[] {
  return [...new Set(datasets.map(({ dataset }) => dataset))].flatMap((dataset) => {
    const same = datasets.filter((one) => one.dataset === dataset);
    const home = same.find(({ models }) => models.some(({ name }) => name === base));
    const row = home?.models.find(({ name }) => name === base);
    return home && row
      ? [
          ablationOf(
            home,
            row,
            same.flatMap(({ models }) => models),
          ),
        ]
      : [];
  });
}

function ablationOf(home: DataSet, base: Row, models: readonly Row[]): Ablation {
  const { settings, index } = home;
  const scores: readonly AblationScore[] = [
    { score: 'ssim.global', target: 'whole' },
    { score: rankedBy(base.items[0].test), target: 'composite' },
  ];
  const line = (row: Row): AblationLine => ({
    name: row.label,
    kind: row === base ? 'base' : 'model',
    switches: switchesOf(base, row),
    cells: settings.map(({ name }) => scores.map((which) => cellOf(row, base, name, which))),
  });
  const others = models.filter((row) => row !== base).map(line);
  return {
    dataset: home.dataset,
    standIn: index.source.standIn,
    seeds: base.items.length,
    epochs: index.model.epochs,
    settings,
    scores,
    lines: [
      line(base),
      // The switches one by one, from what helps the composite most; what turns several comes last.
      ...others.sort((a, b) => order(a) - order(b) || gainOf(b) - gainOf(a)),
      classical(home, scores),
    ],
  };
}

function order({ switches }: AblationLine): number {
  return switches.length > 1 ? 1 : 0;
}

function gainOf({ cells }: AblationLine): number {
  return cells.reduce((sum, [, composite]) => sum + composite!.value.mean, 0);
}

function cellOf(row: Row, base: Row, setting: string, which: AblationScore): AblationCell {
  const values = bySeed(row, setting, which);
  const value = spread([...values.values()]);
  const seeds = values.size;
  if (row === base) return { value, seeds, verdict: 'even' };
  const before = bySeed(base, setting, which);
  const changes = [...values].flatMap(([seed, after]) => {
    const from = before.get(seed);
    return from === undefined ? [] : [after - from];
  });
  if (changes.length === 0) return { value, seeds, verdict: 'even' };
  return { value, change: spread(changes), seeds: changes.length, verdict: verdictOf(changes) };
}

function verdictOf(changes: readonly number[]): AblationCell['verdict'] {
  if (changes.length < 2) return 'even';
  if (changes.every((change) => change > 0)) return 'up';
  return changes.every((change) => change < 0) ? 'down' : 'even';
}

/** Means over the test images. */
function bySeed(
  row: Row,
  setting: string,
  { score, target }: AblationScore,
): ReadonlyMap<number | undefined, number> {
  return new Map(
    row.items.map((item) => [
      item.seed,
      figureOf({ ...row, items: [item] }, 'test', setting, target, score).mean,
    ]),
  );
}

function classical(home: DataSet, scores: readonly AblationScore[]): AblationLine {
  return {
    name: 'best classical fill',
    kind: 'baseline',
    switches: [],
    cells: home.settings.map(({ name }) => {
      const best = bestBaseline(home, name);
      return scores.map(({ score, target }) => ({
        value: { mean: figureOf(best, 'test', name, target, score).mean, std: 0 },
        seeds: 1,
        verdict: 'even' as const,
      }));
    }),
  };
}

function switchesOf(base: Row, row: Row): readonly string[] {
  const [before, after] = [base, row].map(({ items: [item] }) => leavesOf(item.index.model.config));
  return Object.keys({ ...before, ...after })
    .filter((path) => before![path] !== after![path])
    .map((path) => `${path.split('.').at(-1)} ${before![path] ?? '–'} → ${after![path] ?? '–'}`);
}

/** A configuration by the paths of its leaves; a list is one. */
function leavesOf(value: unknown, path = ''): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { [path]: String(value) };
  }
  return Object.assign(
    {},
    ...Object.entries(value).map(([name, part]) => leavesOf(part, path ? `${path}.${name}` : name)),
  );
}
