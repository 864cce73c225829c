/** Writes PNG: 8-bit gray or RGB, the same bytes for the same pixels. */
import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLOUR_TYPE = { 1: 0, 3: 2 } as const;
/** The filter "sub": each byte less the one of the pixel to its left. */
const SUB = 1;

/**
 * @param pixels 8-bit [height, width, channels]
 *
 * Every row is filtered in the same way and by itself, so equal rows stay equal: in a strip of
 * versions of one picture, deflate stores what they share just once.
 */
export function encodePng(
  pixels: Uint8Array,
  width: number,
  height: number,
  channels: 1 | 3,
): Buffer {
  const row = width * channels;
  if (pixels.length !== row * height) {
    throw new RangeError(`${pixels.length} bytes are not ${width}×${height}×${channels}`);
  }
  const filtered = Buffer.alloc((row + 1) * height);
  for (let y = 0; y < height; y++) {
    const to = y * (row + 1);
    filtered[to] = SUB;
    for (let i = 0; i < row; i++) {
      const left = i < channels ? 0 : pixels[y * row + i - channels]!;
      filtered[to + 1 + i] = pixels[y * row + i]! - left;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8; // bits
  header[9] = COLOUR_TYPE[channels];
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(filtered, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

export function pngDataUri(
  pixels: Uint8Array,
  width: number,
  height: number,
  channels: 1 | 3,
): string {
  return `data:image/png;base64,${encodePng(pixels, width, height, channels).toString('base64')}`;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), out.length - 4);
  return out;
}
