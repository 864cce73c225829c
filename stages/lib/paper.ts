/** The paper's own figures, and which of our settings stand beside them. */

import type { Spread } from '@pipe-experiment/numerics/statistics.js';
import type { Setting } from './scores.js';

/** Deesamutara and Maggiore, "Restoring corrupted image with Variational Autoencoders", 2020. */
export interface PaperRow {
  readonly data: string;
  /** What our data set is called that stands beside it. */
  readonly ours: readonly string[];
  readonly train?: Spread;
  readonly test: Spread;
  /** Squares in the image, and their side as a share of the image's. */
  readonly squares: number;
  readonly side: number;
  readonly model: string;
}

export const PAPER_ROWS: readonly PaperRow[] = [
  {
    data: 'Animals-10',
    ours: ['animals', 'animals10', 'photos'],
    train: { mean: 0.8874, std: 0.0493 },
    test: { mean: 0.6869, std: 0.1606 },
    squares: 1,
    side: 0.2,
    model: '“20 %” model',
  },
  {
    data: 'FFHQ',
    ours: ['faces', 'ffhq', 'portraits'],
    train: { mean: 0.9168, std: 0.0524 },
    test: { mean: 0.9012, std: 0.0537 },
    squares: 1,
    side: 0.2,
    model: '“20 %” model',
  },
  {
    data: 'FFHQ',
    ours: ['faces', 'ffhq', 'portraits'],
    test: { mean: 0.8692, std: 0.059 },
    squares: 1,
    side: 0.4,
    model: '“40 %” model',
  },
  {
    data: 'FFHQ',
    ours: ['faces', 'ffhq', 'portraits'],
    test: { mean: 0.8553, std: 0.0617 },
    squares: 2,
    side: 0.2,
    model: '“40 %” model',
  },
];

/** The setting with the paper's squares, if there is one. */
export function settingBeside(
  row: PaperRow,
  settings: readonly Setting[],
  size: number,
): Setting | undefined {
  return settings.find(
    (setting) =>
      setting.shape === 'square' &&
      (setting.count ?? 1) === row.squares &&
      Math.round(row.side * size) === setting.side,
  );
}
