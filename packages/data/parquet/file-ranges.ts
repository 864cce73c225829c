/** A file read by ranges, as the parquet reader asks for them: each whole, inside the file, and not too long. */
import { open, stat } from 'node:fs/promises';
import type { AsyncBuffer } from 'hyparquet';

/** @param maxBytes what one range may hold: a file that lies about its offsets asks for no more memory */
export async function openRanges(file: string, maxBytes: number): Promise<AsyncBuffer> {
  const { size } = await stat(file);
  const read = async (start: number, end: number) => {
    if (!(start >= 0 && start <= end && end <= size)) {
      throw new Error(`it points to bytes ${start} to ${end} of a file of ${size}`);
    }
    if (end - start > maxBytes) {
      throw new Error(
        `it asks for ${end - start} bytes at once, more than the ${maxBytes} allowed`,
      );
    }
    return readRange(file, start, end);
  };
  return {
    byteLength: size,
    slice(start, end = size) {
      const range = read(start, end);
      // The reader asks for all ranges at once, and looks at none after the first that fails.
      range.catch(() => {});
      return range;
    },
  };
}

async function readRange(file: string, start: number, end: number): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(end - start);
  const handle = await open(file);
  try {
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done);
      if (bytesRead === 0) throw new Error(`it ends at byte ${start + done}`);
      done += bytesRead;
    }
  } finally {
    await handle.close();
  }
  return bytes.buffer;
}

/** Ranges that stay in memory once they are read: what was looked through is what is read then, once. */
export function heldRanges(ranges: AsyncBuffer): AsyncBuffer {
  const held: { readonly start: number; readonly bytes: ArrayBuffer }[] = [];
  return {
    byteLength: ranges.byteLength,
    async slice(start, end = ranges.byteLength) {
      const found = held.find(
        (each) => each.start === start && each.bytes.byteLength === end - start,
      );
      if (found !== undefined) return found.bytes;
      const bytes = await ranges.slice(start, end);
      held.push({ start, bytes });
      return bytes;
    },
  };
}
