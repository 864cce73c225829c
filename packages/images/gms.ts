/**
 * Gradient magnitude similarity (Xue, Zhang, Mou and Bovik 2014): do edges lie where they should? It judges
 * texture more as people do than SSIM, which rewards a smooth fill.
 *
 * As in the article, images are averaged over 2×2 pixels and halved, and gradients are Prewitt's. The score
 * is the mean over all places whose gradient lies wholly inside the image.
 */

/** For images of 0 … 255. */
const STABLE = 170;

/** The gradient magnitudes of one plane at half its size, without the outermost pixels. */
export function gradientMagnitudes(
  pixels: Uint8Array,
  width: number,
  height: number,
): Float64Array {
  const [wide, high] = [width >> 1, height >> 1];
  const half = new Float64Array(wide * high);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const at = 2 * y * width + 2 * x;
      const sum = pixels[at]! + pixels[at + 1]! + pixels[at + width]! + pixels[at + width + 1]!;
      half[y * wide + x] = sum / 4;
    }
  }
  const magnitudes = new Float64Array(Math.max(0, wide - 2) * Math.max(0, high - 2));
  for (let y = 1, to = 0; y < high - 1; y++) {
    for (let x = 1; x < wide - 1; x++, to++) {
      const at = y * wide + x;
      const above = at - wide;
      const below = at + wide;
      const falling = half[below + 1]! - half[above - 1]!;
      const rising = half[above + 1]! - half[below - 1]!;
      const across = (falling + rising + half[at + 1]! - half[at - 1]!) / 3;
      const down = (falling - rising + half[below]! - half[above]!) / 3;
      magnitudes[to] = Math.sqrt(across * across + down * down);
    }
  }
  return magnitudes;
}

/** 1 where all gradients agree. Without any place to compare, images are alike. */
export function gradientSimilarity(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    sum += (2 * a[i]! * b[i]! + STABLE) / (a[i]! ** 2 + b[i]! ** 2 + STABLE);
  }
  return a.length === 0 ? 1 : sum / a.length;
}
