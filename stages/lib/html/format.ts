/** How the report writes numbers and names: the same in HTML and Markdown, in every locale. */

import type { SourceInfo } from '@pipe-experiment/data/sources/source.js';
import { formatPercent } from '@pipe-experiment/pages/number-format.js';
import type { Figure } from '../results.js';
import type { Setting } from '../scores.js';

/** SSIM and gradient similarity to four digits, PSNR and gray levels to two. */
export function formatScore(value: number, score: string): string {
  return value.toFixed(score.startsWith('ssim.') || score === 'gms' ? 4 : 2);
}

export function formatFigure({ mean, std, overSeeds }: Figure, score: string): string {
  const text = `${formatScore(mean, score)} ± ${formatScore(std, score)}`;
  return overSeeds === undefined ? text : `${text} (seeds ± ${formatScore(overSeeds, score)})`;
}

export function settingLabel(setting: Setting): string {
  switch (setting.shape) {
    case 'square':
      return `${setting.count ?? 1} × ${setting.side} px`;
    case 'rectangle':
    case 'ellipse':
    case 'strokes':
    case 'border': {
      const [low, high] = setting.area;
      const bare = (share: number) => String(Math.round(share * 1000) / 10);
      const area = low === high ? formatPercent(low) : `${bare(low)}–${bare(high)} %`;
      return `${setting.shape} ${area}`;
    }
    default:
      throw new TypeError(`unknown shape: ${JSON.stringify(setting satisfies never)}`);
  }
}

const SCORE_LABELS: Readonly<Record<string, string>> = {
  'ssim.wang': 'SSIM wang',
  'ssim.skimage': 'SSIM skimage',
  'ssim.uniform51': 'SSIM uniform51',
  'ssim.global': 'SSIM global',
  gms: 'gradient similarity',
  psnr: 'PSNR, dB',
  'hole.mae': 'mean error in the hole, gray levels',
  'hole.rmse': 'RMS error in the hole, gray levels',
};

export function scoreLabel(score: string): string {
  return SCORE_LABELS[score] ?? score;
}

/** Is more of this score better? */
export function moreIsBetter(score: string): boolean {
  return !score.startsWith('hole.');
}

export const SSIM_TEXTS: readonly { readonly name: string; readonly text: string }[] = [
  {
    name: 'wang',
    text: 'Gaussian window 11×11, σ 1.5, population covariance, windows inside the image (Wang 2004; tf.image.ssim). The headline of this report.',
  },
  { name: 'skimage', text: 'uniform window 7×7, sample covariance: scikit-image’s default.' },
  {
    name: 'uniform51',
    text: 'uniform window 51×51, sample covariance: used by many inpainting papers.',
  },
  {
    name: 'global',
    text: 'one window, the whole image: the formula as the paper prints it. The paper’s own figures are of this kind or of a very wide window.',
  },
];

/** What the images are, with the word stand-in where it holds and is not said already. */
export function sourceText({ label, standIn }: SourceInfo): string {
  return standIn && !label.includes('stand-in') ? `${label} (stand-in)` : label;
}
