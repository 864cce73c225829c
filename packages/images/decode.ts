/** Image files to pixels: decoding, scaling, gray. */
import sharp from 'sharp';

/**
 * How an image is scaled.
 * - `cubic`: Catmull–Rom, widened when shrinking so that nothing aliases.
 * - `nearest`: the source pixel under the target pixel's centre, as Pillow's NEAREST, which the
 *   paper's code used; fine detail aliases.
 */
export const KERNELS = ['cubic', 'nearest', 'linear', 'mitchell', 'lanczos2', 'lanczos3'] as const;
export type Kernel = (typeof KERNELS)[number];

export interface ImageFormat {
  readonly size: number;
  readonly channels: 1 | 3;
  readonly kernel: Kernel;
}

/** One image is small: many at once use the cores better than many threads on one. */
export function configureSharp(): void {
  sharp.concurrency(1);
  sharp.cache(false);
}

/**
 * Decodes an image to size×size, whatever its ratio; upright as its EXIF says, transparency over white.
 *
 * @throws Error when it cannot be read as a whole
 */
export async function decodeImage(
  file: Buffer,
  { size, channels, kernel }: ImageFormat,
): Promise<Uint8Array> {
  const decoded = sharp(file, { failOn: 'error' })
    .autoOrient()
    .toColourspace('srgb')
    .flatten({ background: 'white' });
  if (kernel !== 'nearest') {
    const rgb = await decoded.resize(size, size, { fit: 'fill', kernel }).raw().toBuffer();
    return channels === 1 ? toGray(rgb) : rgb;
  }
  const { data, info } = await decoded.raw().toBuffer({ resolveWithObject: true });
  const rgb = pickNearest(data, info.width, info.height, size);
  return channels === 1 ? toGray(rgb) : rgb;
}

/**
 * ITU-R BT.601 luma of gamma-encoded RGB, rounded: (19595 R + 38470 G + 7471 B + 2¹⁵) / 2¹⁶.
 * These are the integers of Pillow's `convert('L')`, so gray values agree with it exactly.
 */
export function toGray(rgb: Uint8Array): Uint8Array {
  const gray = new Uint8Array(rgb.length / 3);
  for (let pixel = 0; pixel < gray.length; pixel++) {
    const index = pixel * 3;
    gray[pixel] =
      (19595 * rgb[index]! + 38470 * rgb[index + 1]! + 7471 * rgb[index + 2]! + 0x8000) >> 16;
  }
  return gray;
}

function pickNearest(rgb: Uint8Array, width: number, height: number, size: number): Uint8Array {
  const out = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    const row = Math.floor(((y + 0.5) * height) / size);
    for (let x = 0; x < size; x++) {
      const from = (row * width + Math.floor(((x + 0.5) * width) / size)) * 3;
      out.set(rgb.subarray(from, from + 3), (y * size + x) * 3);
    }
  }
  return out;
}
