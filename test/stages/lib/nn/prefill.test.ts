import { createHole } from '@pipe-experiment/fills/hole.js';
import { fillBiharmonic, fillHarmonic } from '@pipe-experiment/fills/smooth.js';
import { describe, expect, test } from 'vitest';
import { checkModel } from '../../../../stages/lib/nn/model-config.js';
import { type Prefill, prefill } from '../../../../stages/lib/nn/prefill.js';
import { noise, planeOf } from '../../support/planes.js';

const SIZE = 20;

function fill(kinds: readonly Prefill[], channels: number) {
  const image = Uint8Array.from(noise(3, SIZE * SIZE * channels));
  const mask = planeOf(SIZE, SIZE, (x, y) => (x >= 4 && x < 12 && y >= 6 && y < 15 ? 1 : 0)).pixels;
  const mean = new Float32Array(image.length);
  const spread = new Float32Array(image.length * (kinds.length - 1));
  prefill(kinds, image, mask, SIZE, channels, mean, spread);
  return { image, hole: createHole(mask, SIZE, SIZE), mean, spread };
}

describe('what a network sees in the hole', () => {
  test('of one pre-fill: that fill, colour by colour, and the image elsewhere', () => {
    const { image, hole, mean, spread } = fill(['biharmonic'], 3);
    for (let channel = 0; channel < 3; channel++) {
      const of = (values: ArrayLike<number>) =>
        Float32Array.from({ length: SIZE * SIZE }, (_, i) => values[i * 3 + channel]!);
      const expected = fillBiharmonic(Uint8Array.from(of(image)), hole);
      expect(of(mean)).toEqual(Float32Array.from(expected, (value) => value / 255));
    }
    expect(spread).toHaveLength(0);
  });

  test('of two: their mean, and the distance of the first from it, from which both can be recovered', () => {
    const { image, hole, mean, spread } = fill(['harmonic', 'biharmonic'], 1);
    const [harmonic, biharmonic] = [fillHarmonic(image, hole), fillBiharmonic(image, hole)];
    for (let i = 0; i < image.length; i++) {
      expect((mean[i]! + spread[i]!) * 255).toBeCloseTo(harmonic[i]!, 3);
      expect((mean[i]! - spread[i]!) * 255).toBeCloseTo(biharmonic[i]!, 3);
    }
    expect(Math.max(...spread)).toBeGreaterThan(0.01);
  });

  test('of three in colour: each except the last has its own channels', () => {
    const kinds = ['black', 'mean', 'harmonic'] as const;
    const { image, hole, mean, spread } = fill(kinds, 3);
    const pixel = hole.pixels[7]!;
    for (let channel = 0; channel < 3; channel++) {
      const at = mean[pixel * 3 + channel]!;
      expect(at + spread[(pixel * 2 + 0) * 3 + channel]!).toBeCloseTo(0, 6);
      const known = Array.from({ length: SIZE * SIZE }, (_, i) => i).filter((i) => !hole.mask[i]);
      const average =
        known.reduce((sum, i) => sum + image[i * 3 + channel]!, 0) / known.length / 255;
      expect(at + spread[(pixel * 2 + 1) * 3 + channel]!).toBeCloseTo(average, 6);
    }
  });
});

describe('`prefill` of a model', () => {
  const check = (prefill: unknown) =>
    checkModel({ arch: 'restorer', occlusions: ['a'], prefill }, 'model.m', ['a']).prefill;

  test('is one name or a list of them', () => {
    expect(check('harmonic')).toEqual(['harmonic']);
    expect(check(['harmonic', 'biharmonic'])).toEqual(['harmonic', 'biharmonic']);
  });

  test('is refused if it is empty, repeats a name, or contains an unknown one', () => {
    expect(() => check([])).toThrow('model.m.prefill: expected one pre-fill or several different');
    expect(() => check(['mean', 'mean'])).toThrow('model.m.prefill: expected one pre-fill or sev');
    expect(() => check(['mean', 'telea'])).toThrow('model.m.prefill[1]');
  });
});
