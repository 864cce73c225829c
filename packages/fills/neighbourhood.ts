/** The disc round a marching cell: what Telea's and the Navier–Stokes fill take their means over. */

/** One cell of the disc. */
export interface Offset {
  readonly dx: number;
  readonly dy: number;
  /** dx² + dy² */
  readonly square: number;
}

/** Offsets within the radius, the centre left out. */
export function disc(radius: number): readonly Offset[] {
  const offsets: Offset[] = [];
  for (let dy = -radius; dy <= radius; dy++) {
    for (let dx = -radius; dx <= radius; dx++) {
      const square = dx * dx + dy * dy;
      if (square > 0 && square <= radius * radius) offsets.push({ dx, dy, square });
    }
  }
  return offsets;
}

/** To 8 bits, as the pixels that are painted next read it. */
export function toByte(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}
