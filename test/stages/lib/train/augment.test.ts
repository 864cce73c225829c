import { expect, test } from 'vitest';
import { augment } from '../../../../stages/lib/train/augment.js';
import { learningRateAt, type TrainConfig } from '../../../../stages/lib/train/config.js';

const SIZE = 3;
const image = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => i);
const plain = { seed: 1, flip: false, turns: false, zoom: 1 };
const drawn = (changed: Partial<typeof plain>, times = 60) =>
  new Set(
    Array.from({ length: times }, (_, epoch) =>
      augment(
        { size: SIZE, channels: 1, image, picture: image },
        { ...plain, ...changed },
        epoch,
        7,
      ).join(),
    ),
  );

test('an image is shown as it is, mirrored, or in all eight ways', () => {
  expect([...drawn({})]).toEqual([image.join()]);
  expect(drawn({ flip: true })).toEqual(new Set([image.join(), '2,1,0,5,4,3,8,7,6']));
  expect(drawn({ turns: true })).toEqual(
    new Set([image.join(), '2,5,8,1,4,7,0,3,6', '8,7,6,5,4,3,2,1,0', '6,3,0,7,4,1,8,5,2']),
  );
  expect(drawn({ flip: true, turns: true }, 200).size).toBe(8);
});

test('a zoomed image is a part of it, another in each epoch and the same in each run', () => {
  const zoomed = drawn({ zoom: 2 });
  expect(zoomed.size).toBeGreaterThan(20);
  expect(drawn({ zoom: 2 })).toEqual(zoomed);
  const values = [...zoomed].flatMap((one) => one.split(',').map(Number));
  expect(Math.max(...values)).toBeLessThanOrEqual(8);
});

test('what is magnified is cut from the larger picture, so that it is as sharp as an image', () => {
  const zoom = 1.5;
  const [size, side] = [40, 60];
  // Stripes of the sharpest kind that the larger picture can hold.
  const picture = Uint8Array.from({ length: side * side }, (_, i) => (i % 2) * 255);
  const image = new Uint8Array(size * size).fill(128);
  const contrast = (larger: Uint8Array) => {
    const epochs = Array.from({ length: 20 }, (_, epoch) =>
      augment({ size, channels: 1, image, picture: larger }, { ...plain, zoom }, epoch, 7),
    );
    return Math.max(...epochs.flatMap((drawn) => [...drawn]));
  };
  expect(contrast(image)).toBe(128);
  expect(contrast(picture)).toBeGreaterThan(200);
  const same = augment({ size, channels: 1, image, picture }, plain, 1, 7);
  expect([...same]).toEqual([...image]);
});

test('the learning rate falls along half a cosine to a fiftieth, and stays there', () => {
  const config = { learningRate: 1, decay: 1, warmup: 0, cosine: 10 } as TrainConfig;
  const at = (epoch: number) => learningRateAt(config, 1, epoch);
  expect(at(1)).toBe(1);
  expect(at(6)).toBeCloseTo(0.51, 12);
  expect([at(11), at(30)]).toEqual([0.02, 0.02]);
});
