/**
 * Reads and writes `.safetensors` files (8 bytes of header length, a JSON header, raw little-endian
 * values) in pieces: neither side ever holds a file, only the piece under way.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { endianness } from 'node:os';
import { mistake } from './mistake.js';

/** Only 32-bit floats: all that our networks are made of. */
const DTYPE = 'F32';
const BYTES = 4;
/** Longest header that the format's own reader accepts. */
const LONGEST_HEADER = 100_000_000;

/** A tensor to be written: its values come in order, in pieces of any length. */
export interface TensorSource {
  readonly name: string;
  readonly shape: readonly number[];
  readonly pieces: () => AsyncIterable<Float32Array> | Iterable<Float32Array>;
}

/** A tensor of a file that was opened. */
export interface TensorEntry {
  readonly name: string;
  readonly shape: readonly number[];
  /** Where its values begin and end, from the end of the header. */
  readonly offsets: readonly [begin: number, end: number];
}

/**
 * Writes tensors to a new file, in the order given. The bytes depend on names, shapes, values and
 * metadata alone.
 */
export async function writeSafetensors(
  file: string,
  tensors: readonly TensorSource[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  assertLittleEndian();
  const descriptor = openSync(file, 'w');
  try {
    writeAll(descriptor, encodeHeader(tensors, metadata));
    for (const tensor of tensors) await writeTensor(descriptor, tensor);
  } finally {
    closeSync(descriptor);
  }
}

async function writeTensor(
  descriptor: number,
  { name, shape, pieces }: TensorSource,
): Promise<void> {
  let written = 0;
  for await (const piece of pieces()) {
    writeAll(descriptor, new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength));
    written += piece.length;
  }
  if (written !== product(shape)) {
    throw new RangeError(`${name}: ${written} values do not fill the shape (${shape.join(', ')})`);
  }
}

/** Padded with spaces to a multiple of 8 bytes, so that the values lie aligned, as the format's own writer does. */
function encodeHeader(
  tensors: readonly TensorSource[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const entries: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) entries.__metadata__ = metadata;
  let begin = 0;
  for (const { name, shape } of tensors) {
    if (name === '__metadata__' || name in entries)
      throw new RangeError(`tensor name used twice: ${name}`);
    const end = begin + product(shape) * BYTES;
    entries[name] = { dtype: DTYPE, shape, data_offsets: [begin, end] };
    begin = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(entries));
  const length = Math.ceil(text.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, 8);
  return header;
}

/** A file opened for reading. The caller closes it. */
export class SafetensorsReader {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly TensorEntry[];
  readonly #file: string;
  readonly #descriptor: number;
  readonly #start: number;

  constructor(file: string) {
    assertLittleEndian();
    this.#file = file;
    this.#descriptor = openSync(file, 'r');
    try {
      const { entries, metadata, length } = decodeHeader(this.#descriptor, file);
      this.metadata = metadata;
      this.tensors = entries;
      this.#start = 8 + length;
    } catch (error) {
      closeSync(this.#descriptor);
      throw error;
    }
  }

  /** All values of one tensor, in an array of its own. */
  read({ name, offsets: [begin, end] }: TensorEntry): Float32Array {
    const values = new Float32Array((end - begin) / BYTES);
    readAll(this.#descriptor, new Uint8Array(values.buffer), this.#start + begin, () =>
      damaged(this.#file, `the values of ${name} end too early`),
    );
    return values;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

interface Header {
  readonly entries: readonly TensorEntry[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly length: number;
}

function decodeHeader(descriptor: number, file: string): Header {
  const size = fstatSync(descriptor).size;
  const prefix = new Uint8Array(8);
  readAll(descriptor, prefix, 0, () => damaged(file, 'shorter than its header'));
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (length > LONGEST_HEADER || 8 + length > size) throw damaged(file, 'its header is too long');
  const text = new Uint8Array(length);
  readAll(descriptor, text, 8, () => damaged(file, 'shorter than its header'));
  const { __metadata__: metadata = {}, ...tensors } = parseHeader(text, file);
  const entries = Object.entries(tensors).map(([name, entry]) => checkEntry(file, name, entry));
  entries.sort((a, b) => a.offsets[0] - b.offsets[0]);
  let end = 0;
  for (const { name, offsets } of entries) {
    if (offsets[0] !== end) throw damaged(file, `a gap or an overlap before ${name}`);
    end = offsets[1];
  }
  if (8 + length + end !== size) throw damaged(file, `${size} bytes, expected ${8 + length + end}`);
  return { entries, metadata: metadata as Record<string, string>, length };
}

function parseHeader(text: Uint8Array, file: string): Record<string, unknown> {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch {
    throw damaged(file, 'its header is no JSON');
  }
}

function checkEntry(file: string, name: string, entry: unknown): TensorEntry {
  const { dtype, shape, data_offsets } = (entry ?? {}) as Record<string, unknown>;
  if (dtype !== DTYPE) throw damaged(file, `${name} has dtype ${dtype}, expected ${DTYPE}`);
  if (!isLengths(shape) || !isLengths(data_offsets) || data_offsets.length !== 2) {
    throw damaged(file, `${name} has no valid shape and offsets`);
  }
  const [begin, end] = data_offsets as [number, number];
  if (end - begin !== product(shape) * BYTES) {
    throw damaged(file, `${name} has ${end - begin} bytes for the shape (${shape.join(', ')})`);
  }
  return { name, shape, offsets: [begin, end] };
}

function isLengths(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function damaged(file: string, why: string): Error {
  return mistake(`${file}: not a readable safetensors file: ${why}`);
}

/** A single read or write moves at most 2 GiB. */
const CHUNK = 2 ** 26;

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(descriptor, bytes, at, Math.min(CHUNK, bytes.length - at));
  }
}

function readAll(
  descriptor: number,
  bytes: Uint8Array,
  position: number,
  short: () => Error,
): void {
  for (let at = 0; at < bytes.length; ) {
    const length = Math.min(CHUNK, bytes.length - at);
    const count = readSync(descriptor, bytes, at, length, position + at);
    if (count === 0) throw short();
    at += count;
  }
}

function product(shape: readonly number[]): number {
  return shape.reduce((all, length) => all * length, 1);
}

function assertLittleEndian(): void {
  if (endianness() !== 'LE') throw new Error('safetensors are little-endian, this machine is not');
}
