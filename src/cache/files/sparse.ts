/** Sparse files: writes a block of zeros as a hole, so that a sparse file stays sparse. */
import { ftruncateSync, type Stats, writeSync } from 'node:fs';

/** The smallest hole of a file system. */
const BLOCK = 4096;
const ZEROS = Buffer.alloc(BLOCK);

/** Start and end of each run of data in the bytes. A whole block of zeros is not data. */
export function dataIn(bytes: Uint8Array): number[] {
  const edges: number[] = [];
  let isData = false;
  for (let at = 0; at < bytes.length; at += BLOCK) {
    if (isPlaceholder(bytes, at) === isData) {
      edges.push(at);
      isData = !isData;
    }
  }
  if (isData) edges.push(bytes.length);
  return edges;
}

/** The first byte decides for most data. */
function isPlaceholder(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== 0 || at + BLOCK > bytes.length) return false;
  return ZEROS.compare(bytes, at, at + BLOCK) === 0;
}

/** Bytes of data between the edges. */
export function lengthOf(edges: readonly number[]): number {
  let length = 0;
  for (let edge = 0; edge < edges.length; edge += 2)
    length += (edges[edge + 1] as number) - (edges[edge] as number);
  return length;
}

/** Writes the data to its place in a file, without holes. Returns start and end of each run of data. */
export function writeData(handle: number, bytes: Uint8Array, position: number): number[] {
  const edges = dataIn(bytes);
  for (let edge = 0; edge < edges.length; edge += 2) {
    const to = edges[edge + 1] as number;
    for (let at = edges[edge] as number; at < to; )
      at += writeSync(handle, bytes, at, to - at, position + at);
  }
  return edges;
}

/** Writes the bytes to an empty file. Returns the bytes allocated. */
export function writeSparse(handle: number, bytes: Uint8Array): number {
  const edges = writeData(handle, bytes, 0);
  if ((edges.at(-1) ?? 0) < bytes.length) ftruncateSync(handle, bytes.length);
  return lengthOf(edges);
}

/** Bytes allocated on disk: fewer than the size when the file has holes. */
export function roomOf({ size, blocks }: Stats): number {
  return Math.min(size, blocks * 512);
}
