import { expect, test } from 'vitest';
import { fillBatch } from '../../../../stages/lib/train/batch.js';
import { drawBatch, planEpoch } from '../../../../stages/lib/train/draw.js';
import { keepFills } from '../../../../stages/lib/train/kept-fills.js';
import { noise } from '../../support/planes.js';

const SIZE = 12;
const KINDS = ['fsr', 'tension', 'harmonic'] as const;

function examplesOf(channels: number) {
  const images = [1, 2].map((seed) => Uint8Array.from(noise(seed, SIZE * SIZE * channels)));
  const mask = Uint8Array.from({ length: SIZE * SIZE }, (_, i) =>
    i % SIZE > 3 && i % SIZE < 8 && i > 4 * SIZE && i < 8 * SIZE ? 1 : 0,
  );
  return { size: SIZE, channels, images, masks: [mask, mask] };
}

test.each([1, 3])('stored fills equal the computed ones, to the bit: %i channels', (channels) => {
  const fills = keepFills();
  const examples = examplesOf(channels);
  const plain = fillBatch(examples, KINDS);
  for (const keys of [
    ['a', 'b'],
    ['a', 'b'],
  ]) {
    expect(fillBatch(examples, KINDS, { fills, keys })).toEqual(plain);
  }
  // The key alone says which: the second image under the first one's key has its hole.
  const swapped = fillBatch(examples, KINDS, { fills, keys: ['b', 'b'] });
  expect(swapped.filled).not.toEqual(plain.filled);
});

test('with a pool, images and masks repeat; their order and the noise do not', () => {
  const images = examplesOf(1).images;
  const data = Uint8Array.from(images.flatMap((image) => [...image]));
  const source = {
    images: { data, size: SIZE, channels: 1 as const },
    pictures: { data, side: SIZE },
    masks: {
      train: (image: number, epoch: number) =>
        Uint8Array.from({ length: SIZE * SIZE }, (_, i) => (i === 30 + image + 5 * epoch ? 1 : 0)),
      validation: () => new Uint8Array(SIZE * SIZE),
    },
    fills: keepFills(),
  };
  const drawn = (pool: number, epoch: number) => {
    const train = { seed: 1, flip: true, turns: true, zoom: 1.5, pool };
    const config = { train, model: { prefill: KINDS }, noise: [2] };
    return drawBatch(config, source, planEpoch({ seed: 1, batch: 1 }, [0], epoch), 0);
  };
  expect(drawn(2, 3).filled).toEqual(drawn(2, 1).filled);
  expect(drawn(2, 3).mask).toEqual(drawn(2, 1).mask);
  expect(drawn(2, 3).noise).not.toEqual(drawn(2, 1).noise);
  expect(drawn(2, 2).mask).not.toEqual(drawn(2, 1).mask);
});
