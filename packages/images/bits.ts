/** Masks packed to bits, and counted. */

/** How many pixels are occluded. */
export function maskArea(mask: Uint8Array): number {
  let area = 0;
  for (const pixel of mask) area += pixel;
  return area;
}

/** Bytes of one packed mask. */
export function packedLength(pixels: number): number {
  return Math.ceil(pixels / 8);
}

/** Eight pixels to a byte, the first in the highest bit: `numpy.packbits(mask)`. */
export function packMask(mask: Uint8Array): Uint8Array {
  const packed = new Uint8Array(packedLength(mask.length));
  for (let pixel = 0; pixel < mask.length; pixel++) {
    if (mask[pixel]) packed[pixel >> 3]! |= 0x80 >> (pixel & 7);
  }
  return packed;
}

/** The inverse of `packMask`: one byte of 0 or 1 for each pixel. */
export function unpackMask(packed: Uint8Array, pixels: number): Uint8Array {
  if (packed.length !== packedLength(pixels)) {
    throw new RangeError(
      `expected ${packedLength(pixels)} bytes for a mask of ${pixels} pixels, got ${packed.length}`,
    );
  }
  const mask = new Uint8Array(pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    mask[pixel] = (packed[pixel >> 3]! >> (7 - (pixel & 7))) & 1;
  }
  return mask;
}
