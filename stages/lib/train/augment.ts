/** Images as training shows them: mirrored, turned by quarters, magnified, each by a draw of its epoch. */
import { createRandom } from '@pipe-experiment/data/random.js';
import { windowOf } from '../vary.js';
import type { TrainConfig } from './config.js';

/** What is drawn depends on the seed, the epoch and the image's index alone. */
export function augment(
  original: Uint8Array,
  size: number,
  channels: number,
  { seed, flip, turns, zoom }: Pick<TrainConfig, 'seed' | 'flip' | 'turns' | 'zoom'>,
  epoch: number,
  image: number,
): Uint8Array {
  const draw = (label: string) => createRandom(seed, label, epoch, image);
  let pixels = original;
  if (zoom > 1) {
    const shift = (1 - 1 / zoom) / 2;
    const vary = { crop: 1, shift, turn: 0, zoom };
    pixels = windowOf(pixels, size, size, channels, vary, `${seed} ${epoch} ${image}`);
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
