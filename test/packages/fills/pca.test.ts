/** Probabilistic PCA against scikit-learn and SciPy, and eigenvectors against their definition. */

import { createRandom } from '@pipe-experiment/data/random.js';
import {
  createGram,
  explain,
  fitPca,
  fitPcaTo,
  leadingPca,
  restorePca,
} from '@pipe-experiment/fills/pca.js';
import { fitPcaMixture, restorePcaMixture } from '@pipe-experiment/fills/pca-mixture.js';
import { leadingEigen } from '@pipe-experiment/numerics/eigen.js';
import { describe, expect, it } from 'vitest';
import references from '../../fixtures/fills/fills.json' with { type: 'json' };
import { noise, sum } from '../../stages/support/planes.js';

const SIDE = 12;
const AREA = SIDE * SIDE;
const TRAIN = 60;

type Part = (x: number, y: number) => number;

const PARTS: readonly Part[] = [
  (x) => x * 8,
  (_, y) => y * 8,
  (x) => (x - 6) ** 2 * 2,
  (_, y) => (y - 5) ** 2 * 3,
  (x, y) => ((x + y) % 5) * 12,
  (x, y) => ((x * y) % 7) * 6,
  () => 60,
];

const OTHER_PARTS: readonly Part[] = [
  (x) => (11 - x) * 9,
  (x, y) => (x - y) ** 2,
  (x, y) => ((x * 3 + y) % 4) * 15,
  (_, y) => Math.floor(y / 3) * 20,
  () => 90,
];

/** Images of the Python script: parts mixed by noise. */
function imagesOf(parts: readonly Part[], count: number, seed: number): Uint8Array {
  const amounts = noise(seed, count * parts.length);
  const dust = noise(seed + 1, count * AREA);
  return Uint8Array.from({ length: count * AREA }, (_, at) => {
    const image = Math.floor(at / AREA);
    const x = at % SIDE;
    const y = Math.floor((at % AREA) / SIDE);
    const value = sum(
      parts.map((part, p) => (amounts[image * parts.length + p]! % 33) * part(x, y)),
    );
    return Math.min(255, Math.floor(value / 40) + (dust[at]! % 17));
  });
}

/** The last is the test image. */
const mixtures = () => imagesOf(PARTS, TRAIN + 1, 21);

const mask = Uint8Array.from({ length: AREA }, (_, at) => {
  const x = at % SIDE;
  const y = Math.floor(at / SIDE);
  return x >= 3 && x < 8 && y >= 4 && y < 10 ? 1 : 0;
});

describe('PCA equals scikit-learn', () => {
  const images = mixtures();
  const train = images.subarray(0, TRAIN * AREA);
  const test = images.subarray(TRAIN * AREA);
  const { variance, residual, restored } = references.pca;
  const pca = fitPca(train, AREA, variance.length);

  it('on exactly the same images', () => {
    expect(sum(images)).toBe(references.pca.sum);
  });

  it('in the variance of each component and of the rest', () => {
    variance.forEach((expected, at) => {
      expect(Math.abs(pca.variance[at]! / expected - 1)).toBeLessThan(1e-9);
    });
    expect(pca.residual).toBeCloseTo(residual, 9);
  });

  it('in the restored image', () => {
    const ours = restorePca(pca, test, mask, 1);
    restored.forEach((expected, at) => {
      expect(Math.abs(ours[at]! - expected)).toBeLessThan(1e-5);
    });
  });

  it('in the likelihood of the known pixels of an image', () => {
    const seen = (image: Uint8Array) => explain(pca, image, mask, 1).logLikelihood;
    const difference = seen(test) - seen(train.subarray(0, AREA));
    expect(difference / references.pca.likelihood).toBeCloseTo(1, 9);
  });

  it('never reads occluded pixels', () => {
    const other = test.map((value, at) => (mask[at] ? 255 - value : value));
    expect(restorePca(pca, other, mask, 1)).toEqual(restorePca(pca, test, mask, 1));
  });
});

describe('PCA', () => {
  it('uses the mask once for all channels of a pixel', () => {
    const colours = noise(3, 20 * 27); // 20 images of 3×3 pixels, 3 channels
    const pca = fitPca(colours, 27, 4);
    const image = colours.slice(0, 27);
    const hidden = Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0);
    const changed = image.slice();
    changed.fill(9, 12, 15); // the three channels of pixel 4
    expect(restorePca(pca, changed, hidden, 3)).toEqual(restorePca(pca, image, hidden, 3));
    changed[11] = 255 - changed[11]!;
    expect(restorePca(pca, changed, hidden, 3)).not.toEqual(restorePca(pca, image, hidden, 3));
  });

  it('gives the mean image if nothing is known, and handles identical images', () => {
    const same = new Uint8Array(5 * AREA).fill(7);
    const pca = fitPca(same, AREA, 3);
    for (const value of restorePca(pca, same.subarray(0, AREA), mask, 1)) {
      expect(value).toBeCloseTo(7, 9);
    }
    const mixed = fitPca(mixtures(), AREA, 3);
    const nothing = restorePca(mixed, new Uint8Array(AREA), new Uint8Array(AREA).fill(1), 1);
    nothing.forEach((value, at) => {
      expect(value).toBeCloseTo(mixed.mean[at]!, 9);
    });
  });
});

describe('components of some images', () => {
  const images = mixtures();
  const gram = createGram(images, AREA);
  const some = Int32Array.from({ length: 25 }, (_, i) => 2 * i);

  it('depend only on these images', () => {
    const picked = Uint8Array.from(
      [...some].flatMap((at) => [...images.subarray(at * AREA, (at + 1) * AREA)]),
    );
    const [part, own] = [fitPcaTo(gram, some, 4), fitPca(picked, AREA, 4)];
    own.variance.forEach((value, c) => {
      expect(part.variance[c]! / value).toBeCloseTo(1, 9);
    });
    expect(part.residual).toBeCloseTo(own.residual, 9);
  });

  it('of a larger fit equal those of a smaller fit', () => {
    const [few, cut] = [fitPcaTo(gram, some, 3), leadingPca(fitPcaTo(gram, some, 8), 3)];
    expect(cut.residual).toBeCloseTo(few.residual, 6);
    const [one, other] = [few, cut].map((pca) =>
      restorePca(pca, images.subarray(0, AREA), mask, 1),
    );
    one!.forEach((value, at) => {
      expect(other![at]).toBeCloseTo(value, 4);
    });
  });
});

describe('a mixture of PCAs', () => {
  it('equals scikit-learn and SciPy for an image that no cluster explains alone', () => {
    const bright = imagesOf(OTHER_PARTS, 35, 41).map((value) => 255 - Math.floor(value / 2));
    const images = Uint8Array.from([...imagesOf(PARTS, 45, 31), ...bright]);
    const { test, weights, restored } = references.mixture;
    expect(sum(images)).toBe(references.mixture.sum);
    expect(Math.min(...weights)).toBeGreaterThan(0.2);
    const mixture = fitPcaMixture(
      createGram(images, AREA),
      { size: SIDE, channels: 1 },
      { clusters: 2, components: 3 },
      createRandom(1, 'mixture'),
    );
    const ours = restorePcaMixture(mixture, Uint8Array.from(test), mask, 1);
    restored.forEach((expected, at) => {
      expect(Math.abs(ours[at]! - expected)).toBeLessThan(1e-5);
    });
  });

  // Two kinds of images: the mixtures, and their negatives shifted down.
  const kinds = mixtures();
  const both = Uint8Array.from([...kinds, ...kinds.map((value) => 230 - value / 2)]);
  const gram = createGram(both, AREA);
  const mixtureOf = (clusters: number) =>
    fitPcaMixture(
      gram,
      { size: SIDE, channels: 1 },
      { clusters, components: 5 },
      createRandom(1, 'mixture'),
    );

  it('of one cluster is PCA', () => {
    const all = Int32Array.from({ length: gram.count }, (_, i) => i);
    const image = both.subarray(0, AREA);
    const [one, pca] = [
      restorePcaMixture(mixtureOf(1), image, mask, 1),
      restorePca(fitPcaTo(gram, all, 5), image, mask, 1),
    ];
    one.forEach((value, at) => {
      expect(value).toBeCloseTo(pca[at]!, 9);
    });
  });

  it('distinguishes kinds of images by the known pixels, and restores each by its own kind', () => {
    const mixture = mixtureOf(2);
    expect(mixture.parts.map(({ share }) => share)).toEqual([0.5, 0.5]);
    const hidden = [...mask.keys()].filter((at) => mask[at] === 1);
    for (const first of [3, 64]) {
      const image = both.subarray(first * AREA, (first + 1) * AREA);
      const miss = (restored: Float64Array) =>
        sum(hidden.map((at) => Math.abs(restored[at]! - image[at]!))) / hidden.length;
      expect(miss(restorePcaMixture(mixture, image, mask, 1))).toBeLessThan(8);
      const black = image.map((value, at) => (mask[at] ? 0 : value));
      expect(restorePcaMixture(mixture, black, mask, 1)).toEqual(
        restorePcaMixture(mixture, image, mask, 1),
      );
    }
  });
});

describe('leading eigenvectors', () => {
  it('satisfy A·v = λ·v, largest first, orthonormal', () => {
    const size = 40;
    const rows = Array.from({ length: size }, (_, i) =>
      Float64Array.from(noise(i + 1, 60), (v) => v - 128),
    );
    const matrix = new Float64Array(size * size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        matrix[i * size + j] = sum(rows[i]!.map((value, k) => value * rows[j]![k]!));
      }
    }
    const { values, vectors } = leadingEigen(matrix, size, 5);
    expect([...values].sort((a, b) => b - a)).toEqual([...values]);
    vectors.forEach((vector, at) => {
      for (let row = 0; row < size; row++) {
        const product = sum(vector.map((value, k) => value * matrix[row * size + k]!));
        expect(Math.abs(product - values[at]! * vector[row]!)).toBeLessThan(1e-4 * values[0]!);
      }
      vectors.forEach((other, with_) => {
        const inner = sum(vector.map((value, k) => value * other[k]!));
        expect(inner).toBeCloseTo(at === with_ ? 1 : 0, 10);
      });
    });
  });
});
