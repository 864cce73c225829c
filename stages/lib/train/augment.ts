/** Images as training shows them: mirrored, turned by quarters, magnified, each by a draw of its epoch. */
import { createRandom } from '@pipe-experiment/data/random.js';
import { windowOf } from '@pipe-experiment/images/vary.js';
import type { TrainConfig } from './config.js';

/** What there is of an image. */
export interface Views {
  readonly size: number;
  readonly channels: number;
  /** uint8 [size, size, channels] */
  readonly image: Uint8Array;
  /** The same at another side, of which parts are magnified; uint8 [side, side, channels]. */
  readonly picture: Uint8Array;
}

/** What is drawn depends on the seed, the epoch and the image's index alone. */
export function augment(
  { size, channels, image, picture }: Views,
  { seed, flip, turns, zoom }: Pick<TrainConfig, 'seed' | 'flip' | 'turns' | 'zoom'>,
  epoch: number,
  index: number,
): Uint8Array {
  const draw = (label: string) => createRandom(seed, label, epoch, index);
  let pixels = image;
  if (zoom > 1) {
    const shift = (1 - 1 / zoom) / 2;
    const vary = { crop: 1, shift, turn: 0, zoom };
    const side = Math.sqrt(picture.length / channels);
    pixels = windowOf(picture, side, size, channels, vary, `${seed} ${epoch} ${index}`);
  }
  if (flip && draw('flip').int(2) === 1) {
    pixels = moved(pixels, size, channels, (x, y) => y * size + size - 1 - x);
  }
  for (let left = turns ? draw('turns').int(4) : 0; left > 0; left--) {
    pixels = moved(pixels, size, channels, (x, y) => x * size + size - 1 - y);
  }
  return pixels;
}

/** @param source the pixel that comes to (x, y) */
function moved(
  image: Uint8Array,
  size: number,
  channels: number,
  source: (x: number, y: number) => number,
): Uint8Array {
  const out = new Uint8Array(image.length);
  for (let pixel = 0; pixel < size * size; pixel++) {
    const from = source(pixel % size, Math.floor(pixel / size)) * channels;
    for (let c = 0; c < channels; c++) out[pixel * channels + c] = image[from + c]!;
  }
  return out;
}
