/** SSIM by the distance from the rim of the hole: how far into it a method knows anything. */

/** Upper bounds of the bins, in pixels; a pixel beside a known one has distance 1. */
export const RIM_BOUNDS: readonly number[] = [4, 8, 12, 16, Number.POSITIVE_INFINITY];

/** Steps to the nearest known pixel, diagonal ones as well; 0 at known pixels. */
export function rimDistances(mask: Uint8Array, width: number): Float64Array {
  const height = mask.length / width;
  const far = Number.POSITIVE_INFINITY;
  const distances = Float64Array.from(mask, (hidden) => (hidden === 0 ? 0 : far));
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= width || y >= height ? far : distances[y * width + x]!;
  for (let i = 0; i < mask.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const near = Math.min(at(x - 1, y - 1), at(x, y - 1), at(x + 1, y - 1), at(x - 1, y));
    distances[i] = Math.min(distances[i]!, near + 1);
  }
  for (let i = mask.length - 1; i >= 0; i--) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const near = Math.min(at(x + 1, y + 1), at(x, y + 1), at(x - 1, y + 1), at(x + 1, y));
    distances[i] = Math.min(distances[i]!, near + 1);
  }
  return distances;
}

/** Sums of the similarity by bin, and over how many windows. */
export interface RimSums {
  readonly sums: Float64Array;
  readonly counts: Float64Array;
}

export function createRimSums(): RimSums {
  return {
    sums: new Float64Array(RIM_BOUNDS.length),
    counts: new Float64Array(RIM_BOUNDS.length),
  };
}

/** @param map similarity of the window round each pixel; NaN where no window has its centre */
export function addToRim(
  { sums, counts }: RimSums,
  map: Float64Array,
  distances: Float64Array,
): void {
  for (let i = 0; i < map.length; i++) {
    const distance = distances[i]!;
    if (distance === 0 || Number.isNaN(map[i]!)) continue;
    const bin = RIM_BOUNDS.findIndex((bound) => distance <= bound);
    sums[bin]! += map[i]!;
    counts[bin]!++;
  }
}

/** Mean similarity by bin; NaN where no hole is so deep. */
export function rimMeans({ sums, counts }: RimSums): number[] {
  return Array.from(sums, (sum, bin) => sum / counts[bin]!);
}
