/**
 * Small colour images in memory: cropping, pasting sprites, lighting and noise, in plain arithmetic.
 * A value written to a byte array is cut to an integer, so adding ½ rounds it.
 */
import type { Random } from '@pipe-experiment/data/random.js';

/** RGB, one byte a channel, row-major. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A picture to paste: RGBA with the colours multiplied by alpha, at halving sizes for clean shrinking. */
export interface Sprite {
  /** Level 0 is the whole picture, each next one half of it. All square. */
  readonly levels: readonly { readonly side: number; readonly data: Uint8Array }[];
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export function crop(raster: Raster, box: Box, mirrored = false): Raster {
  const { left, top, width, height } = box;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * raster.width + left) * 3;
    data.set(raster.data.subarray(from, from + width * 3), y * width * 3);
    if (mirrored) mirrorRow(data, y * width * 3, width);
  }
  return { width, height, data };
}

function mirrorRow(data: Uint8Array, start: number, width: number): void {
  for (let a = start, b = start + (width - 1) * 3; a < b; a += 3, b -= 3) {
    for (let channel = 0; channel < 3; channel++) {
      const kept = data[a + channel]!;
      data[a + channel] = data[b + channel]!;
      data[b + channel] = kept;
    }
  }
}

/** The box of the raster at side×side, each pixel between its four neighbours (bilinear). */
export function sample(raster: Raster, box: Box, side: number): Raster {
  const source = raster.data;
  const data = new Uint8Array(side * side * 3);
  const columns = neighbours(box.left, box.width, side, raster.width);
  const rows = neighbours(box.top, box.height, side, raster.height);
  let index = 0;
  for (let y = 0; y < side; y++) {
    const upper = rows.first[y]! * raster.width;
    const lower = rows.second[y]! * raster.width;
    const fy = rows.fraction[y]!;
    for (let x = 0; x < side; x++) {
      const left = columns.first[x]!;
      const right = columns.second[x]!;
      const fx = columns.fraction[x]!;
      const a = (upper + left) * 3;
      const b = (upper + right) * 3;
      const c = (lower + left) * 3;
      const d = (lower + right) * 3;
      for (let channel = 0; channel < 3; channel++) {
        const above = source[a + channel]! * (1 - fx) + source[b + channel]! * fx;
        const below = source[c + channel]! * (1 - fx) + source[d + channel]! * fx;
        data[index++] = above * (1 - fy) + below * fy + 0.5;
      }
    }
  }
  return { width: side, height: side, data };
}

/** Along one axis: the two source pixels around each target pixel, and how far it is towards the second. */
function neighbours(start: number, extent: number, side: number, length: number) {
  const first = new Int32Array(side);
  const second = new Int32Array(side);
  const fraction = new Float64Array(side);
  for (let target = 0; target < side; target++) {
    const place = clamp(start + ((target + 0.5) * extent) / side - 0.5, 0, length - 1);
    first[target] = Math.floor(place);
    second[target] = Math.min(first[target]! + 1, length - 1);
    fraction[target] = place - first[target]!;
  }
  return { first, second, fraction };
}

/** Lays RGBA (colours not multiplied by alpha) of the same size over the raster, in place. */
export function overlay(raster: Raster, rgba: Uint8Array): void {
  for (let pixel = 0; pixel < raster.width * raster.height; pixel++) {
    const alpha = rgba[pixel * 4 + 3]! / 255;
    if (alpha === 0) continue;
    for (let channel = 0; channel < 3; channel++) {
      const index = pixel * 3 + channel;
      const under = raster.data[index]!;
      raster.data[index] = under + (rgba[pixel * 4 + channel]! - under) * alpha + 0.5;
    }
  }
}

/** Makes a sprite of a square RGBA picture whose side is a power of two. */
export function makeSprite(rgba: Uint8Array, side: number): Sprite {
  const data = Uint8Array.from(rgba);
  for (let pixel = 0; pixel < data.length; pixel += 4) {
    const alpha = data[pixel + 3]! / 255;
    for (let channel = 0; channel < 3; channel++) {
      data[pixel + channel] = Math.round(data[pixel + channel]! * alpha);
    }
  }
  const levels: Sprite['levels'][number][] = [{ side, data }];
  for (let last = levels[0]!; last.side > 16; last = levels.at(-1)!) {
    levels.push({ side: last.side / 2, data: halve(last.data, last.side) });
  }
  return { levels };
}

function halve(data: Uint8Array, side: number): Uint8Array {
  const half = side / 2;
  const out = new Uint8Array(half * half * 4);
  for (let y = 0; y < half; y++) {
    for (let x = 0; x < half; x++) {
      for (let channel = 0; channel < 4; channel++) {
        const at = (dy: number, dx: number) =>
          data[((2 * y + dy) * side + 2 * x + dx) * 4 + channel]!;
        out[(y * half + x) * 4 + channel] = (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1) + 2) >> 2;
      }
    }
  }
  return out;
}

/** Where and how a sprite is pasted. */
export interface Placement {
  /** Centre, pixels of the raster. */
  readonly x: number;
  readonly y: number;
  /** Length of the sprite's side on the raster, pixels. */
  readonly side: number;
  /** Turned by, radians. */
  readonly angle: number;
  readonly mirrored: boolean;
  /** Light on it: 1 as it is, 0 black. */
  readonly brightness: number;
}

/** Pastes the sprite in place, turned and scaled, with soft edges; what lies outside is cut off. */
export function paste(raster: Raster, sprite: Sprite, placement: Placement): void {
  const { x: cx, y: cy, side, angle, mirrored, brightness } = placement;
  // The smallest level that still has a pixel of its own for each pixel pasted.
  const level = sprite.levels.findLast((candidate) => candidate.side >= side) ?? sprite.levels[0]!;
  const scale = level.side / side;
  const cos = Math.cos(angle) * scale;
  const sin = Math.sin(angle) * scale;
  const reach = side * Math.SQRT1_2;
  const bottom = Math.min(raster.height, Math.ceil(cy + reach));
  const right = Math.min(raster.width, Math.ceil(cx + reach));
  for (let y = Math.max(0, Math.floor(cy - reach)); y < bottom; y++) {
    for (let x = Math.max(0, Math.floor(cx - reach)); x < right; x++) {
      const dx = x + 0.5 - cx;
      const dy = y + 0.5 - cy;
      const across = dx * cos + dy * sin;
      const u = level.side / 2 + (mirrored ? -across : across) - 0.5;
      const v = level.side / 2 + (dy * cos - dx * sin) - 0.5;
      blend(raster.data, (y * raster.width + x) * 3, level, u, v, brightness);
    }
  }
}

/** One pixel of the raster under the sprite's point (u, v), bilinear; outside the sprite is clear. */
function blend(
  target: Uint8Array,
  index: number,
  { side, data }: Sprite['levels'][number],
  u: number,
  v: number,
  brightness: number,
): void {
  const x0 = Math.floor(u);
  const y0 = Math.floor(v);
  if (x0 < 0 || y0 < 0 || x0 + 1 >= side || y0 + 1 >= side) return;
  const fx = u - x0;
  const fy = v - y0;
  const a = (y0 * side + x0) * 4;
  const c = a + side * 4;
  const wa = (1 - fx) * (1 - fy);
  const wb = fx * (1 - fy);
  const wc = (1 - fx) * fy;
  const wd = fx * fy;
  const alpha = data[a + 3]! * wa + data[a + 7]! * wb + data[c + 3]! * wc + data[c + 7]! * wd;
  if (alpha === 0) return;
  for (let channel = 0; channel < 3; channel++) {
    const over =
      data[a + channel]! * wa +
      data[a + 4 + channel]! * wb +
      data[c + channel]! * wc +
      data[c + 4 + channel]! * wd;
    const under = target[index + channel]! * (1 - alpha / 255);
    target[index + channel] = Math.min(255, under + over * brightness + 0.5);
  }
}

/** Light that falls in from one side, and exposure; in place. */
export interface Light {
  /** Factor on everything. */
  readonly exposure: number;
  /** How much brighter the lit edge is than the middle, 0 … 1. */
  readonly strength: number;
  /** Where it comes from, radians. */
  readonly angle: number;
}

/** Lights the raster and adds gray Gaussian noise of `sigma` levels, in place, in one pass. */
export function expose(raster: Raster, light: Light, sigma: number, random: Random): void {
  const { width, height } = raster;
  // Clamped arrays round and keep to 0 … 255 by themselves.
  const data = new Uint8ClampedArray(
    raster.data.buffer,
    raster.data.byteOffset,
    raster.data.length,
  );
  const gx = (light.strength * Math.cos(light.angle)) / (width / 2);
  const gy = (light.strength * Math.sin(light.angle)) / (height / 2);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const factor = light.exposure * (1 + gx * (x - width / 2) + gy * (y - height / 2));
      const noise = sigma * random.normal();
      const index = (y * width + x) * 3;
      for (let channel = 0; channel < 3; channel++) {
        data[index + channel] = data[index + channel]! * factor + noise;
      }
    }
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
