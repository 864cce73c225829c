/** Our PNGs, read back by sharp. */

import { encodePng } from '@pipe-experiment/images/png.js';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { noise } from '../../stages/support/planes.js';

describe('a PNG', () => {
  it.each([1, 3] as const)('decodes to the original pixels: %i channels', async (channels) => {
    const pixels = noise(5, 17 * 9 * channels);
    const png = encodePng(pixels, 17, 9, channels);
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([17, 9]);
    const back =
      channels === info.channels ? data : data.filter((_, at) => at % info.channels === 0);
    expect(Uint8Array.from(back)).toEqual(pixels);
  });

  it("stores the shared part of a strip's layers once", () => {
    const picture = noise(6, 100 * 100);
    const changed = picture.slice();
    changed.fill(0, 4000, 4100);
    const strip = Uint8Array.from([...picture, ...changed, ...picture, ...changed]);
    expect(encodePng(strip, 100, 400, 1).length).toBeLessThan(
      1.15 * encodePng(picture, 100, 100, 1).length,
    );
  });

  it('refuses pixels that do not fill it', () => {
    expect(() => encodePng(new Uint8Array(5), 2, 2, 1)).toThrow('5 bytes are not 2×2×1');
  });
});
