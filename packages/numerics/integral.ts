/** Integral images: the sum over any upright rectangle of an image from four look-ups, exact for integers. */

/** Three integral images side by side, so that one look-up's cache line serves all three. */
export interface Integral {
  /** [(height + 1), (width + 1), 3]; first row and column are zero. */
  readonly sums: Float64Array;
  readonly width: number;
}

export function createIntegral(width: number, height: number): Integral {
  return { sums: new Float64Array((width + 1) * (height + 1) * 3), width };
}

/** Fills the table with the integrals of b, b·b and a·b. Integers up to 255 stay exact to 10¹¹ pixels. */
export function integrate(table: Integral, a: Uint8Array, b: Uint8Array): void {
  const { sums, width } = table;
  const height = b.length / width;
  const stride = (width + 1) * 3;
  for (let y = 0; y < height; y++) {
    let first = 0;
    let second = 0;
    let cross = 0;
    let at = (y + 1) * stride + 3;
    for (let i = y * width, end = i + width; i < end; i++, at += 3) {
      const value = b[i]!;
      first += value;
      second += value * value;
      cross += value * a[i]!;
      sums[at] = sums[at - stride]! + first;
      sums[at + 1] = sums[at + 1 - stride]! + second;
      sums[at + 2] = sums[at + 2 - stride]! + cross;
    }
  }
}
