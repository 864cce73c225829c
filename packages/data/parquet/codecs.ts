/** Decompressors of parquet's pages that never give more than is declared, nor more than is allowed. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Decompress } from 'fzstd';
import { type CompressionCodec, type Compressors, snappyUncompress } from 'hyparquet';

/** What is read; the library `datasets` writes SNAPPY. */
export const CODECS: readonly CompressionCodec[] = [
  'UNCOMPRESSED',
  'SNAPPY',
  'GZIP',
  'BROTLI',
  'ZSTD',
];

type Decompressor = (packed: Uint8Array, bytes: number) => Uint8Array;

/**
 * The codecs for the pages of one row group, which may unpack to `maxBytes` in all. A page's header
 * says to how many bytes it unpacks; more or fewer of them are an error, found before they are held.
 */
export function createCodecs(maxBytes: number): Compressors {
  let total = 0;
  const bounded = (decompress: Decompressor): Decompressor => {
    return (packed, bytes) => {
      total += bytes;
      if (!(bytes >= 0 && total <= maxBytes)) {
        throw new Error(`its pages unpack to more than the ${maxBytes} bytes allowed`);
      }
      return decompress(packed, bytes);
    };
  };
  return {
    SNAPPY: bounded(unpackSnappy),
    GZIP: bounded((packed, bytes) => gunzipSync(packed, { maxOutputLength: Math.max(1, bytes) })),
    BROTLI: bounded((packed, bytes) =>
      brotliDecompressSync(packed, { maxOutputLength: Math.max(1, bytes) }),
    ),
    ZSTD: bounded(unpackZstd),
  };
}

function unpackSnappy(packed: Uint8Array, bytes: number): Uint8Array {
  const page = new Uint8Array(bytes);
  snappyUncompress(packed, page);
  return page;
}

/** Block after block: fzstd's other way would first unpack all there is, or cut it short in silence. */
function unpackZstd(packed: Uint8Array, bytes: number): Uint8Array {
  const page = new Uint8Array(bytes);
  let size = 0;
  const stream = new Decompress((block) => {
    if (size + block.length > bytes) throw new Error(`a page unpacks to more than ${bytes} bytes`);
    page.set(block, size);
    size += block.length;
  });
  stream.push(packed, true);
  if (size < bytes) throw new Error(`a page unpacks to ${size} of ${bytes} bytes`);
  return page;
}
