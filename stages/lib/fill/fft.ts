/** The Fourier transform of a small square, in place. */

/**
 * Transforms complex numbers [side, side] given by their real and imaginary parts; `side` is a power of
 * two. The sign of the exponent is negative and nothing is scaled.
 */
export interface SquareTransform {
  readonly side: number;
  transform(re: Float64Array, im: Float64Array): void;
}

export function createSquareTransform(side: number): SquareTransform {
  const cosine = Float64Array.from({ length: side }, (_, i) => Math.cos((2 * Math.PI * i) / side));
  const sine = Float64Array.from({ length: side }, (_, i) => -Math.sin((2 * Math.PI * i) / side));
  const bits = Math.log2(side);
  const reversed = Int32Array.from({ length: side }, (_, i) => reverseBits(i, bits));

  /** One line: elements from `start` in steps of `step`. */
  function line(re: Float64Array, im: Float64Array, start: number, step: number): void {
    for (let i = 0; i < side; i++) {
      const j = reversed[i]!;
      if (j > i) swap(re, im, start + i * step, start + j * step);
    }
    for (let half = 1; half < side; half *= 2) {
      const turn = side / (2 * half);
      for (let group = 0; group < side; group += 2 * half) {
        for (let i = 0; i < half; i++) {
          const a = start + (group + i) * step;
          const b = a + half * step;
          const c = cosine[i * turn]!;
          const s = sine[i * turn]!;
          const tr = re[b]! * c - im[b]! * s;
          const ti = re[b]! * s + im[b]! * c;
          re[b] = re[a]! - tr;
          im[b] = im[a]! - ti;
          re[a]! += tr;
          im[a]! += ti;
        }
      }
    }
  }

  return {
    side,
    transform(re, im) {
      for (let y = 0; y < side; y++) line(re, im, y * side, 1);
      for (let x = 0; x < side; x++) line(re, im, x, side);
    },
  };
}

function reverseBits(value: number, bits: number): number {
  let reversed = 0;
  for (let bit = 0; bit < bits; bit++) reversed |= ((value >> bit) & 1) << (bits - 1 - bit);
  return reversed;
}

function swap(re: Float64Array, im: Float64Array, a: number, b: number): void {
  const [r, i] = [re[a]!, im[a]!];
  re[a] = re[b]!;
  im[a] = im[b]!;
  re[b] = r;
  im[b] = i;
}
