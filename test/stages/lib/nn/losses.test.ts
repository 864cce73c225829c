import { createRandom } from '@pipe-experiment/data/random.js';
import { ssim } from '@pipe-experiment/images/ssim.js';
import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { klBetween, klFromStandard } from '@pipe-experiment/networks/latent.js';
import { graphSsim } from '@pipe-experiment/networks/ssim-loss.js';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { computeLoss, klShareAt, type LossConfig } from '../../../../stages/lib/nn/losses.js';

beforeAll(() => openBackend('wasm'));

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => {
    all.set(part, at);
    return at + part.length;
  }, 0);
  return all;
}

const value = async (x: tf.Tensor) => (await x.data())[0]!;

describe('KL divergences', () => {
  test('from the standard normal, by hand', async () => {
    // ½ Σ (μ² + σ² − log σ² − 1): (1, 1) → ½, (0, 4) → ½ (4 − log 4 − 1) = 0.806853
    const mean = tf.tensor2d([
      [1, 0],
      [0, 0],
    ]);
    const logvar = tf.tensor2d([
      [0, Math.log(4)],
      [0, 0],
    ]);
    const [first, second] = await klFromStandard({ mean, logvar }).data();
    expect(first).toBeCloseTo(1.306853, 5);
    expect(second).toBeCloseTo(0, 6);
  });

  test('between two Gaussians: none to itself, the standard case, and by hand', async () => {
    const gaussian = (mean: number, variance: number) => ({
      mean: tf.tensor2d([[mean]]),
      logvar: tf.tensor2d([[Math.log(variance)]]),
    });
    expect(await value(klBetween(gaussian(0.3, 2), gaussian(0.3, 2)))).toBeCloseTo(0, 6);
    const q = gaussian(0.7, 0.5);
    expect(await value(klBetween(q, gaussian(0, 1)))).toBeCloseTo(
      await value(klFromStandard(q)),
      6,
    );
    // ½ (log 4/1 + (1 + (2 − 1)²)/4 − 1) = ½ (1.386294 + 0.5 − 1) = 0.443147
    expect(await value(klBetween(gaussian(2, 1), gaussian(1, 4)))).toBeCloseTo(0.443147, 5);
  });
});

describe('SSIM as a graph', () => {
  const random = createRandom(1, 'ssim');
  const image = (size: number, shade: number) =>
    Uint8Array.from({ length: size * size }, (_, i) =>
      Math.min(255, shade + (i % size) + random.int(60)),
    );

  const graph = (plane: Uint8Array, size: number) =>
    tf.tensor4d(
      Float32Array.from(plane, (v) => v / 255),
      [1, size, size, 1],
    );

  test('equals the scores in double precision', async () => {
    for (const size of [11, 40]) {
      const [a, b] = [image(size, 40), image(size, 60)];
      const expected = ssim(a, b, size, size, 'wang');
      expect(await value(graphSsim(graph(a, size), graph(b, size)))).toBeCloseTo(expected, 5);
    }
  });

  // As validated: 202,500 windows in gray, 607,500 in colour. Added in float32 they came to 0.0012 and 0.0038 more.
  test.each([
    { kind: 'gray', channels: 1 },
    { kind: 'colour', channels: 3 },
  ])('of 25 images in $kind equals the scores in double precision', async ({ channels }) => {
    const [count, size] = [25, 100];
    const random = createRandom(1, 'batch');
    const clean = Array.from({ length: count * channels }, (_, i) =>
      Uint8Array.from(
        { length: size * size },
        (_, p) => 40 + (p % size) + (i % 25) + random.int(56),
      ),
    );
    const noisy = clean.map((plane) => plane.map((v) => v - 3 + random.int(6)));
    const graph = (planes: readonly Uint8Array[]) => {
      const pixels = planes.map((plane) => Float32Array.from(plane, (v) => v / 255));
      const stacked = tf.tensor3d(concatenated(pixels), [count, channels, size * size]);
      const last = tf.transpose(stacked, [0, 2, 1]);
      return tf.reshape<tf.Rank.R4>(last, [count, size, size, channels]);
    };
    const scores = clean.map((plane, i) => ssim(plane, noisy[i]!, size, size, 'wang'));
    const exact = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    expect(exact).toBeCloseTo(0.9949, 4);
    expect(Math.abs((await value(graphSsim(graph(clean), graph(noisy)))) - exact)).toBeLessThan(
      5e-7,
    );
  });

  // As rendered. From variances and a covariance in float32, the score came to 9·10⁻⁶ less.
  test('of smooth images equals the scores in double precision', async () => {
    const size = 100;
    const random = createRandom(1, 'smooth');
    const smooth = Uint8Array.from({ length: size * size }, (_, p) => 200 + (p % size) / 4);
    const restored = smooth.map((v) => v + random.int(2));
    const exact = ssim(smooth, restored, size, size, 'wang');
    const scored = await value(graphSsim(graph(smooth, size), graph(restored, size)));
    expect(Math.abs(scored - exact)).toBeLessThan(5e-7);
  });

  test('is the mean over images and channels', async () => {
    const [a, b, c] = [image(20, 10), image(20, 50), image(20, 90)];
    const interleave = (...planes: Uint8Array[]) =>
      Array.from({ length: 400 }, (_, i) => planes.map((plane) => plane[i]! / 255)).flat();
    const x = tf.tensor4d([...interleave(a, b), ...interleave(b, c)], [2, 20, 20, 2]);
    const y = tf.tensor4d([...interleave(b, b), ...interleave(a, a)], [2, 20, 20, 2]);
    const pairs = [
      ssim(a, b, 20, 20, 'wang'),
      1,
      ssim(b, a, 20, 20, 'wang'),
      ssim(c, a, 20, 20, 'wang'),
    ];
    const mean = pairs.reduce((sum, s) => sum + s, 0) / 4;
    expect(await value(graphSsim(x, y))).toBeCloseTo(mean, 5);
  });
});

describe('the loss', () => {
  const CODE: LossConfig = { pixel: 'mse', known: 1, ssim: 0, kl: 0.01, freeNats: 0, klWarmup: 0 };
  // One image of 12×12: off by 0.5 in the hole, a column of 12 pixels, by 0.1 elsewhere.
  const hole = Float32Array.from({ length: 144 }, (_, i) => (i % 12 === 3 ? 1 : 0));
  const target = new Float32Array(144).fill(0.2);
  const restored = target.map((v, i) => v + (hole[i] ? 0.5 : 0.1));
  const image = (x: Float32Array) => tf.tensor4d(x, [1, 12, 12, 1]);
  const loss = (config: Partial<LossConfig>, nats = 0, share = 1) =>
    computeLoss(
      { ...CODE, ...config },
      { restored: image(restored), kl: tf.tensor1d([nats]) },
      image(target),
      image(hole),
      share,
    );

  test('is the mean square of all pixels, as in the code', async () => {
    expect(await value(loss({}).total)).toBeCloseTo((12 * 0.25 + 132 * 0.01) / 144, 6);
    expect(await value(loss({ pixel: 'l1' }).total)).toBeCloseTo((12 * 0.5 + 132 * 0.1) / 144, 6);
  });

  test('gives known pixels less weight if configured', async () => {
    expect(await value(loss({ known: 0 }).total)).toBeCloseTo(0.25, 6);
    const expected = (12 * 0.25 + 132 * 0.5 * 0.01) / (12 + 66);
    expect(await value(loss({ known: 0.5 }).total)).toBeCloseTo(expected, 6);
  });

  test('adds the KL per pixel, beyond the free nats, by its share', async () => {
    const base = await value(loss({}).total);
    expect((await value(loss({}, 288).total)) - base).toBeCloseTo(0.01 * 2, 6);
    expect((await value(loss({}, 288, 0.25).total)) - base).toBeCloseTo(0.005, 6);
    expect((await value(loss({ freeNats: 144 }, 288).total)) - base).toBeCloseTo(0.01, 6);
    expect((await value(loss({ freeNats: 300 }, 288).total)) - base).toBeCloseTo(0, 7);
    expect(await value(loss({}, 288).kl)).toBe(288);
  });

  test('adds 1 − SSIM of the composite: errors outside the hole do not count there', async () => {
    const base = await value(loss({}).total);
    const bytes = (x: Float32Array) => Uint8Array.from(x, (v) => Math.round(v * 255));
    const composite = bytes(target).map((v, i) => (hole[i] ? Math.round(restored[i]! * 255) : v));
    const expected = 1 - ssim(bytes(target), composite, 12, 12, 'wang');
    const added = (await value(loss({ ssim: 2 }).total)) - base;
    expect(added / 2).toBeCloseTo(expected, 2); // the bytes are rounded, the graph is not
  });

  test('grows its share of the KL over the warm-up', () => {
    const config = { ...CODE, klWarmup: 4 };
    expect([1, 2, 4, 9].map((epoch) => klShareAt(config, epoch))).toEqual([0.25, 0.5, 1, 1]);
    expect(klShareAt(CODE, 1)).toBe(1);
  });
});
