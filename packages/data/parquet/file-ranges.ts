/** Reads the ranges of a file that the parquet reader requests. A range outside the file, or a too long one, is an error. */
import { open, stat } from 'node:fs/promises';
import type { AsyncBuffer } from 'hyparquet';

/** @param maxBytes limit for one range: wrong offsets in a file must not allocate more memory than this */
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
      // The reader requests all ranges at once, and awaits none after the first that fails.
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

/** Keeps each range in memory, so that a second read gets the bytes that the first read checked. */
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
