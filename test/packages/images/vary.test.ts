import { checkVary, pictureSide, windowOf } from '@pipe-experiment/images/vary.js';
import { expect, test } from 'vitest';

const SIDE = 40;
/** Each pixel tells its place, two channels. */
const picture = Uint8Array.from({ length: SIDE * SIDE * 2 }, (_, i) => {
  const pixel = i >> 1;
  return i % 2 === 0 ? pixel % SIDE : Math.floor(pixel / SIDE);
});
const window = (vary: object, size = SIDE, file = 'a.jpg') =>
  windowOf(picture, SIDE, size, 2, checkVary(vary, 'vary'), file);

test('a set that does not vary has the middle of each picture', () => {
  expect(window({})).toEqual(picture);
  const middle = window({ crop: 0.5 }, SIDE / 2);
  expect([middle[0], middle[1]]).toEqual([10, 10]);
  expect([middle.at(-2), middle.at(-1)]).toEqual([29, 29]);
  expect(pictureSide(checkVary({ crop: 0.5 }, 'vary'), 100)).toBe(200);
});

test('the window of a file is the same in every run, and that of another file is another', () => {
  const free = { crop: 0.5, shift: 0.2, turn: 20, zoom: 1.5 };
  expect(window(free)).toEqual(window(free));
  expect(window(free, SIDE, 'b.jpg')).not.toEqual(window(free));
});

test('shifts, turns and zooms stay within their limits', () => {
  const size = 20;
  const middleOf = (pixels: Uint8Array) => {
    const at = (size * (size / 2) + size / 2) * 2;
    return [pixels[at]!, pixels[at + 1]!];
  };
  const files = Array.from({ length: 40 }, (_, i) => `${i}.jpg`);
  const middles = files.map((file) => middleOf(window({ crop: 0.5, shift: 0.1 }, size, file)));
  const away = middles.flatMap((place) => place.map((value) => value - SIDE / 2));
  expect(Math.max(...away.map(Math.abs))).toBeLessThanOrEqual(5);
  expect(new Set(away).size).toBeGreaterThan(3);
  // Only turned: the middle stays, and a row rises by the sine of at most 30 degrees.
  const rises = files.map((file) => {
    const turned = window({ crop: 0.5, turn: 30 }, size, file);
    const row = (size / 2) * size * 2;
    return turned[row + 2 * size - 1]! - turned[row + 1]!;
  });
  expect(Math.max(...rises.map(Math.abs))).toBeLessThanOrEqual(11);
  expect(Math.min(...rises)).toBeLessThan(0);
  expect(Math.max(...rises)).toBeGreaterThan(0);
});
