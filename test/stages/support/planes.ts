/**
 * Test images made by formula: the same pixels here and in the Python scripts next to the fixtures.
 */

export interface Plane {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export function planeOf(
  width: number,
  height: number,
  pixel: (x: number, y: number) => number,
): Plane {
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) pixels[y * width + x] = pixel(x, y);
  }
  return { pixels, width, height };
}

/** The high bytes of a linear congruential generator: noise that any language reproduces. */
export function noise(seed: number, count: number): Uint8Array {
  const values = new Uint8Array(count);
  let x = seed;
  for (let i = 0; i < count; i++) {
    x = (Math.imul(1664525, x) + 1013904223) >>> 0;
    values[i] = x >>> 24;
  }
  return values;
}

export function noisePlane(seed: number, side: number): Plane {
  return { pixels: noise(seed, side * side), width: side, height: side };
}

export const ramp = (): Plane => planeOf(100, 100, (x, y) => (3 * x + 2 * y) % 256);

export const waves = (): Plane =>
  planeOf(100, 100, (x, y) =>
    Math.floor(
      127.5 + 100 * Math.sin((2 * Math.PI * x) / 25) * Math.cos((2 * Math.PI * y) / 40) + 0.5,
    ),
  );

/** The same plane with a black rectangle. */
export function cut(plane: Plane, top: number, left: number, high: number, wide: number): Plane {
  return planeOf(plane.width, plane.height, (x, y) =>
    y >= top && y < top + high && x >= left && x < left + wide
      ? 0
      : plane.pixels[y * plane.width + x]!,
  );
}

export function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
