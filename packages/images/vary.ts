/**
 * Makes the images of a set less alike: each one is a window of its picture that is shifted, turned and
 * zoomed at random. Without any of these it is the middle of the picture, so sets that differ in how
 * far their images are aligned can be made from the same pictures.
 */
import { checkKeys, checkNumber, checkTree } from '@pipe-experiment/data/check.js';
import { createRandom } from '@pipe-experiment/data/random.js';

/** `vary:` of a source. */
export interface Vary {
  /** Side of the window, a share of the picture's. */
  readonly crop: number;
  /** How far its middle goes to each side at most, a share of the picture's side. */
  readonly shift: number;
  /** By how many degrees it is turned at most, to either side. */
  readonly turn: number;
  /** By what factor it is made smaller at most, which magnifies what it shows. */
  readonly zoom: number;
}

export function checkVary(value: unknown, name: string): Vary {
  const tree = { crop: 1, shift: 0, turn: 0, zoom: 1, ...checkTree(value, name) };
  checkKeys(tree, name, ['crop', 'shift', 'turn', 'zoom']);
  return {
    crop: checkNumber(tree.crop, `${name}.crop`, 0.1, 1),
    shift: checkNumber(tree.shift, `${name}.shift`, 0, 0.5),
    turn: checkNumber(tree.turn, `${name}.turn`, 0, 180),
    zoom: checkNumber(tree.zoom, `${name}.zoom`, 1, 4),
  };
}

/** Side to which a picture is scaled so that the window's pixels are about its own. */
export function pictureSide({ crop }: Vary, size: number): number {
  return Math.round(size / crop);
}

/**
 * The window [size, size, channels] of a picture [side, side, channels]; where it leaves the picture, the
 * edge goes on. What is drawn depends on the file's name alone.
 */
export function windowOf(
  picture: Uint8Array,
  side: number,
  size: number,
  channels: number,
  { crop, shift, turn, zoom }: Vary,
  file: string,
): Uint8Array {
  const random = createRandom(1, 'vary', file);
  const middle = () => side * (0.5 + shift * random.between(-1, 1));
  const [cx, cy] = [middle(), middle()];
  const angle = (turn * random.between(-1, 1) * Math.PI) / 180;
  const step = (side * crop * random.between(1 / zoom, 1)) / size;
  const [cos, sin] = [Math.cos(angle) * step, Math.sin(angle) * step];
  const out = new Uint8Array(size * size * channels);
  for (let i = 0; i < size * size; i++) {
    const [u, v] = [(i % size) + 0.5 - size / 2, Math.floor(i / size) + 0.5 - size / 2];
    const x = Math.min(side - 1, Math.max(0, cx + u * cos - v * sin - 0.5));
    const y = Math.min(side - 1, Math.max(0, cy + u * sin + v * cos - 0.5));
    bilinear(picture, side, channels, x, y, out, i * channels);
  }
  return out;
}

function bilinear(
  picture: Uint8Array,
  side: number,
  channels: number,
  x: number,
  y: number,
  out: Uint8Array,
  to: number,
): void {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [x - left, y - top];
  const [right, bottom] = [Math.min(side - 1, left + 1), Math.min(side - 1, top + 1)];
  for (let channel = 0; channel < channels; channel++) {
    const at = (v: number, u: number) => picture[(v * side + u) * channels + channel]!;
    const above = at(top, left) * (1 - fx) + at(top, right) * fx;
    const below = at(bottom, left) * (1 - fx) + at(bottom, right) * fx;
    out[to + channel] = Math.round(above * (1 - fy) + below * fy);
  }
}
