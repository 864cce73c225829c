/** SSIM by depth: distances by hand, and means that add up to SSIM itself. */

import { both } from '@pipe-experiment/fills/methods.js';
import { expect, it } from 'vitest';
import { addToRim, createRimSums, rimDistances, rimMeans } from '../../../stages/lib/rim.js';
import { createScorer } from '../../../stages/lib/score.js';
import { noisePlane, planeOf, sum } from '../support/planes.js';

it('counts the steps to the nearest known pixel, diagonal ones as well', () => {
  const { pixels } = planeOf(7, 6, (x, y) => (x >= 1 && x <= 5 && y >= 1 ? 1 : 0));
  const rows = Array.from({ length: 6 }, (_, y) => [
    ...rimDistances(pixels, 7).subarray(7 * y, 7 * y + 7),
  ]);
  expect(rows).toEqual([
    [0, 0, 0, 0, 0, 0, 0],
    [0, 1, 1, 1, 1, 1, 0],
    [0, 1, 2, 2, 2, 1, 0],
    [0, 1, 2, 3, 2, 1, 0],
    [0, 1, 2, 3, 2, 1, 0],
    [0, 1, 2, 3, 2, 1, 0],
  ]);
});

it('divides exactly the windows over which SSIM is averaged', () => {
  const side = 40;
  const original = noisePlane(3, side).pixels;
  const restored = original.map((value, at) => (at % side > 20 ? value : value >> 1));
  const scorer = createScorer(side, 1);
  const scores = new Float64Array(2 * scorer.names.length);
  scorer.score(scorer.prepare(original), new Uint8Array(side * side), both(restored), scores, 0);
  const windows = [...scorer.map].filter((value) => !Number.isNaN(value));
  expect(windows).toHaveLength((side - 10) ** 2);
  expect(sum(windows) / windows.length).toBeCloseTo(scores[scorer.names.indexOf('ssim.wang')]!, 12);

  const sums = createRimSums();
  const everywhere = new Float64Array(side * side).fill(6);
  addToRim(sums, scorer.map, everywhere);
  expect(rimMeans(sums)[1]).toBeCloseTo(scores[scorer.names.indexOf('ssim.wang')]!, 12);
  expect(rimMeans(sums)[0]).toBeNaN();
});
