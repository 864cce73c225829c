/** Decoding images: scaled and gray as in Pillow, for any file format. */
import { createHash } from 'node:crypto';
import { decodeImage, toGray } from '@pipe-experiment/images/decode.js';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';

/** A colour image by formula, which the Python that gave the reference values used too. */
function make(
  width: number,
  height: number,
  pixel: (x: number, y: number) => number[],
): Uint8Array {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set(pixel(x, y), (y * width + x) * 3);
  }
  return data;
}

function png(data: Uint8Array, width: number, height: number): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

describe('gray', () => {
  test("is Pillow's convert('L'), pixel for pixel", () => {
    const rgb = make(64, 64, (x, y) => {
      const r = y * 64 + x;
      return [(r * 7) % 256, (r * 13 + 5) % 256, (r * 29 + 11) % 256];
    });
    // sha256 of np.array(Image.fromarray(rgb).convert('L')).tobytes(), Pillow 13.0.0
    expect(createHash('sha256').update(toGray(rgb)).digest('hex')).toBe(
      '852590ba5ec817da761674985f967b84bf057b04609e10d1ad95d74809b52ce1',
    );
  });

  test('keeps gray levels as they are', () => {
    const levels = make(256, 1, (x) => [x, x, x]);
    expect(toGray(levels)).toEqual(Uint8Array.from({ length: 256 }, (_, level) => level));
  });
});

describe('scaling', () => {
  test("nearest is Pillow's NEAREST, pixel for pixel, whatever the ratio", async () => {
    const rgb = make(13, 9, (x, y) => [
      (x * 37 + y * 11) % 256,
      (x * 5 + y * 91 + 40) % 256,
      (x * x * 3 + y * y * 7) % 256,
    ]);
    const file = await png(rgb, 13, 9);
    const gray = await decodeImage(file, { size: 8, channels: 1, kernel: 'nearest' });
    // np.array(im.resize((8, 8), Image.NEAREST).convert('L')), Pillow 13.0.0
    expect(Array.from(gray)).toEqual([
      23, 53, 85, 102, 62, 81, 92, 135, 81, 110, 142, 160, 119, 138, 149, 192, 140, 169, 202, 219,
      28, 47, 58, 101, 51, 80, 112, 129, 89, 108, 119, 162, 177, 206, 88, 105, 35, 55, 95, 109, 92,
      92, 124, 141, 101, 120, 131, 174, 130, 159, 191, 132, 168, 158, 198, 136, 48, 78, 110, 21, 57,
      76, 117, 54,
    ]);
  });

  test("cubic is Pillow's BICUBIC within two gray levels away from the rim", async () => {
    const rgb = make(26, 20, (x, y) =>
      [0, 1, 2].map((k) => Math.round(127 + 100 * Math.sin(y * 0.5 + x * 0.3 + k))),
    );
    const gray = await decodeImage(await png(rgb, 26, 20), {
      size: 8,
      channels: 1,
      kernel: 'cubic',
    });
    // np.array(im.resize((8, 8), Image.BICUBIC).convert('L')), Pillow 13.0.0
    const pillow = [
      205, 171, 97, 50, 70, 140, 198, 195, 154, 85, 49, 84, 156, 203, 182, 117, 65, 51, 102, 176,
      206, 167, 93, 50, 62, 124, 192, 202, 147, 74, 49, 89, 148, 200, 192, 126, 60, 54, 113, 181,
      205, 177, 103, 52, 65, 134, 196, 199, 154, 86, 49, 82, 155, 203, 183, 118, 69, 50, 97, 170,
      206, 172, 99, 52,
    ];
    const differences = pillow.map((value, index) => Math.abs(value - gray[index]!));
    // Near the rim the two pad differently: the kernel reaches 5 pixels, 2 of ours.
    const inner = differences.filter((_, i) => i % 8 > 1 && i % 8 < 6 && i > 15 && i < 48);
    expect(inner).toHaveLength(16);
    expect(Math.max(...inner)).toBeLessThanOrEqual(2);
    expect(Math.max(...differences)).toBeLessThanOrEqual(5);
  });
});

describe('files of every kind', () => {
  const format = { size: 8, channels: 3, kernel: 'cubic' } as const;
  const red = sharp({ create: { width: 20, height: 10, channels: 3, background: '#c83214' } });

  test.each(['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const)('%s', async (type) => {
    const pixels = await decodeImage(await red.clone().toFormat(type).toBuffer(), format);
    expect(pixels.length).toBe(8 * 8 * 3);
    for (const [index, expected] of [200, 50, 20].entries()) {
      expect(Math.abs(pixels[index]! - expected)).toBeLessThanOrEqual(6);
    }
  });

  test('a gray file gives three equal channels, a CMYK file its colours', async () => {
    const gray = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#777' } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect(new Set(await decodeImage(gray, format))).toEqual(new Set([0x77]));
    const cmyk = await red.clone().toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    const pixels = await decodeImage(cmyk, format);
    expect(pixels.length).toBe(8 * 8 * 3);
    expect(pixels[0]! - pixels[1]!).toBeGreaterThan(80);
  });

  test('a 16-bit file is converted to 8 bits', async () => {
    const deep = await sharp({
      create: { width: 9, height: 9, channels: 3, background: '#406080' },
    })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe('ushort');
    const pixels = await decodeImage(deep, format);
    // libvips loses up to a level on the way to 16 bits and back.
    for (const [index, expected] of [0x40, 0x60, 0x80].entries()) {
      expect(Math.abs(pixels[index]! - expected)).toBeLessThanOrEqual(1);
    }
  });

  test('transparency is drawn over white', async () => {
    const clear = await sharp({
      create: { width: 9, height: 9, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    })
      .png()
      .toBuffer();
    expect(new Set(await decodeImage(clear, format))).toEqual(new Set([255]));
  });

  test('an image that is rotated by its EXIF data is set upright', async () => {
    const halves = make(16, 8, (x) => (x < 8 ? [0, 0, 0] : [255, 255, 255]));
    const turned = await sharp(halves, { raw: { width: 16, height: 8, channels: 3 } })
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    const pixels = await decodeImage(turned, { size: 8, channels: 1, kernel: 'nearest' });
    expect([pixels[0], pixels[7], pixels[56], pixels[63]]).toEqual([0, 0, 255, 255]);
  });

  test('a truncated file is an error, not a half-gray image', async () => {
    const noise = make(64, 64, (x, y) => [(x * y * 31) % 256, (x * 7) % 256, (y * 13) % 256]);
    const jpeg = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .jpeg()
      .toBuffer();
    await expect(decodeImage(jpeg.subarray(0, jpeg.length / 2), format)).rejects.toThrow();
    await expect(decodeImage(Buffer.from('no image'), format)).rejects.toThrow('unsupported');
  });
});
