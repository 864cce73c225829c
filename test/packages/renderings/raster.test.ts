/** Cropping, sampling, pasting and lighting, on pictures small enough to check by hand. */

import { createRandom } from '@pipe-experiment/data/random.js';
import {
  crop,
  expose,
  makeSprite,
  overlay,
  paste,
  type Raster,
  sample,
} from '@pipe-experiment/renderings/raster.js';
import { describe, expect, test } from 'vitest';

/** Red is the column, green the row. */
function grid(width: number, height: number): Raster {
  const data = new Uint8Array(width * height * 3);
  for (let index = 0; index < width * height; index++) {
    data[index * 3] = index % width;
    data[index * 3 + 1] = Math.floor(index / width);
  }
  return { width, height, data };
}

function plain(side: number, level: number): Raster {
  return { width: side, height: side, data: new Uint8Array(side * side * 3).fill(level) };
}

function channel(raster: Raster, which: number): number[] {
  return Array.from(raster.data.filter((_, index) => index % 3 === which));
}

test('crop takes the box, mirrored if asked', () => {
  const box = { left: 2, top: 1, width: 3, height: 2 };
  expect(channel(crop(grid(6, 4), box), 0)).toEqual([2, 3, 4, 2, 3, 4]);
  expect(channel(crop(grid(6, 4), box), 1)).toEqual([1, 1, 1, 2, 2, 2]);
  expect(channel(crop(grid(6, 4), box, true), 0)).toEqual([4, 3, 2, 4, 3, 2]);
});

test('sample at the same size is the box itself, and interpolates between pixels otherwise', () => {
  const box = { left: 1, top: 1, width: 4, height: 4 };
  expect(sample(grid(8, 8), box, 4)).toEqual(crop(grid(8, 8), box));
  const ramp = { width: 2, height: 1, data: Uint8Array.from([0, 0, 0, 100, 100, 100]) };
  const wide = sample(ramp, { left: 0, top: 0, width: 2, height: 1 }, 4);
  expect(channel(wide, 0).slice(0, 4)).toEqual([0, 25, 75, 100]);
});

test('overlay mixes by alpha', () => {
  const under = plain(2, 100);
  overlay(
    under,
    Uint8Array.from([200, 0, 0, 255, 200, 0, 0, 0, 200, 0, 0, 51, 100, 100, 100, 128]),
  );
  expect(channel(under, 0)).toEqual([200, 100, 120, 100]);
  expect(channel(under, 1)).toEqual([0, 100, 80, 100]);
});

describe('pasting', () => {
  const opaque = makeSprite(new Uint8Array(32 * 32 * 4).fill(255), 32);

  test('covers the square it is scaled to, and nothing beyond', () => {
    const image = plain(64, 0);
    paste(image, opaque, { x: 32, y: 32, side: 32, angle: 0, mirrored: false, brightness: 1 });
    const covered = channel(image, 0).filter((level) => level === 255).length;
    // The outermost row and column have no neighbour to interpolate with.
    expect(covered).toBe(31 * 31);
    expect(image.data[(10 * 64 + 32) * 3]).toBe(0);
    expect(image.data[(32 * 64 + 32) * 3]).toBe(255);
  });

  test('keeps its area when rotated, and is cropped at the edge', () => {
    const image = plain(64, 0);
    paste(image, opaque, { x: 32, y: 32, side: 30, angle: 0.7, mirrored: false, brightness: 1 });
    const covered = channel(image, 0).filter((level) => level > 127).length;
    expect(Math.abs(covered - 29 * 29)).toBeLessThan(60);
    paste(image, opaque, { x: 0, y: 0, side: 30, angle: 0.7, mirrored: false, brightness: 0.5 });
    expect(image.data[0]).toBe(128);
  });

  test('mirrors left and right, and shrinks without losing the mean', () => {
    const halves = new Uint8Array(32 * 32 * 4);
    for (let pixel = 0; pixel < 32 * 32; pixel++) {
      halves.fill(pixel % 32 < 16 ? 255 : 0, pixel * 4, pixel * 4 + 3);
      halves[pixel * 4 + 3] = 255;
    }
    const sprite = makeSprite(halves, 32);
    expect(sprite.levels.map((level) => level.side)).toEqual([32, 16]);
    const [plainWay, mirrored] = [false, true].map((flag) => {
      const image = plain(32, 50);
      paste(image, sprite, { x: 16, y: 16, side: 16, angle: 0, mirrored: flag, brightness: 1 });
      return image;
    });
    expect([plainWay!.data[(16 * 32 + 12) * 3], plainWay!.data[(16 * 32 + 20) * 3]]).toEqual([
      255, 0,
    ]);
    expect([mirrored!.data[(16 * 32 + 12) * 3], mirrored!.data[(16 * 32 + 20) * 3]]).toEqual([
      0, 255,
    ]);
  });
});

test('light is brighter on its side, and noise has the strength asked for', () => {
  const lit = plain(64, 100);
  expose(lit, { exposure: 1, strength: 0.5, angle: 0 }, 0, createRandom(1));
  expect([lit.data[0], lit.data[32 * 3], lit.data[63 * 3]]).toEqual([50, 100, 148]);

  const noisy = plain(64, 100);
  expose(noisy, { exposure: 1, strength: 0, angle: 0 }, 4, createRandom(1));
  const levels = channel(noisy, 0);
  expect(channel(noisy, 2)).toEqual(levels);
  const variance = levels.reduce((sum, level) => sum + (level - 100) ** 2, 0) / levels.length;
  expect(Math.sqrt(variance)).toBeGreaterThan(3.7);
  expect(Math.sqrt(variance)).toBeLessThan(4.3);
});
