/** Channels of interleaved images, and the way back to 8 bits. */

/** One channel of an interleaved image; the image itself when it has just one. */
export function planeOf(image: Uint8Array, channel: number, channels: number): Uint8Array {
  return channels === 1 ? image : image.filter((_, at) => at % channels === channel);
}

/** To 8 bits: the picture that is scored is the picture that is shown. */
export function toBytes(values: Float64Array | Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    bytes[i] = Math.min(255, Math.max(0, Math.round(values[i]!)));
  }
  return bytes;
}

/** The restored image with the known pixels of the original pasted back. */
export function keepKnown(
  whole: Uint8Array,
  original: Uint8Array,
  mask: Uint8Array,
  channels: number,
): Uint8Array {
  const composite = original.slice();
  for (let pixel = 0; pixel < mask.length; pixel++) {
    if (mask[pixel] === 0) continue;
    for (let i = pixel * channels, end = i + channels; i < end; i++) composite[i] = whole[i]!;
  }
  return composite;
}
