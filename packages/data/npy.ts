/** Reads and writes `.npy` files (numpy's format, version 1.0), whole or in a stream of rows. */
import { closeSync, fstatSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { endianness } from 'node:os';

/** numpy's names of the element types we use; all little-endian. */
const ARRAYS = {
  '|u1': Uint8Array,
  '|i1': Int8Array,
  '<u2': Uint16Array,
  '<i2': Int16Array,
  '<u4': Uint32Array,
  '<i4': Int32Array,
  '<f4': Float32Array,
  '<f8': Float64Array,
} as const;

export type NpyType = keyof typeof ARRAYS;
export type NpyData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

export interface NpyHeader {
  readonly type: NpyType;
  readonly shape: readonly number[];
}

/** An array in C order: the last index runs fastest. */
export interface NpyArray<Data extends NpyData = NpyData> extends NpyHeader {
  readonly data: Data;
}

/** Writes rows of the first axis one after the other; the count is written when it is closed. */
export interface NpyWriter {
  /** Appends one or several whole rows. */
  write(rows: NpyData): void;
  /** Completes the header and closes the file; gives the final shape. */
  close(): readonly number[];
}

/** Reads rows of the first axis without holding the whole file. */
export interface NpyReader extends NpyHeader {
  readonly rows: number;
  read(row: number, count?: number): NpyData;
  close(): void;
}

const MAGIC = Buffer.from('\x93NUMPY\x01\x00', 'latin1');
const PREFIX = MAGIC.length + 2;
/** Every header we write has this length, so that a writer can put the row count in afterwards. */
const HEADER = 128;

export function writeNpy(file: string, data: NpyData, shape: readonly number[]): void {
  if (product(shape) !== data.length) {
    throw new RangeError(`${data.length} elements do not fill the shape (${shape.join(', ')})`);
  }
  writeFileSync(file, Buffer.concat([encodeHeader({ type: typeOf(data), shape }), bytes(data)]));
}

/** @throws Error naming the file when it is no `.npy` file, is cut short, or holds what we do not read */
export function readNpy(file: string): NpyArray {
  const reader = openNpy(file);
  try {
    return { type: reader.type, shape: reader.shape, data: reader.read(0, reader.rows) };
  } finally {
    reader.close();
  }
}

/** `readNpy` for uint8 alone, which our images and masks are. */
export function readNpyBytes(file: string): NpyArray<Uint8Array> {
  const array = readNpy(file);
  if (!(array.data instanceof Uint8Array)) {
    throw new Error(`${file}: expected elements of uint8, found ${array.type}`);
  }
  return { ...array, data: array.data };
}

export function createNpyWriter(
  file: string,
  type: NpyType,
  rowShape: readonly number[],
): NpyWriter {
  const rowLength = product(rowShape);
  const handle = openSync(file, 'w');
  let length = 0;
  writeAll(handle, encodeHeader({ type, shape: [0, ...rowShape] }));
  return {
    write(rows) {
      if (typeOf(rows) !== type || rows.length % rowLength !== 0) {
        throw new RangeError(
          `expected rows of ${rowLength} × ${type}, got ${rows.length} × ${typeOf(rows)}`,
        );
      }
      writeAll(handle, bytes(rows));
      length += rows.length;
    },
    close() {
      const shape = [length / rowLength, ...rowShape];
      writeSync(handle, encodeHeader({ type, shape }), 0, HEADER, 0);
      closeSync(handle);
      return shape;
    },
  };
}

export function openNpy(file: string): NpyReader {
  const handle = openSync(file, 'r');
  try {
    const { header, start } = readHeader(handle, file);
    const [rows = 1, ...rowShape] = header.shape;
    const rowLength = product(rowShape);
    const size = ARRAYS[header.type].BYTES_PER_ELEMENT;
    const expected = start + rows * rowLength * size;
    const found = fstatSync(handle).size;
    if (found !== expected) {
      throw new Error(
        `${file}: expected ${expected} bytes for the shape (${header.shape.join(', ')}), found ${found}`,
      );
    }
    return {
      ...header,
      rows,
      read(row, count = 1) {
        if (row < 0 || count < 0 || row + count > rows) {
          throw new RangeError(
            `${file}: rows ${row} … ${row + count - 1} are not in 0 … ${rows - 1}`,
          );
        }
        const data = new ARRAYS[header.type](count * rowLength);
        readAll(handle, bytes(data), start + row * rowLength * size, file);
        return data;
      },
      close: () => closeSync(handle),
    };
  } catch (error) {
    closeSync(handle);
    throw error;
  }
}

function encodeHeader({ type, shape }: NpyHeader): Buffer {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const length = HEADER - PREFIX;
  if (text.length >= length) throw new RangeError(`a shape of ${shape.length} axes is too long`);
  const header = Buffer.alloc(HEADER, ' ');
  MAGIC.copy(header);
  header.writeUInt16LE(length, MAGIC.length);
  header.write(text, PREFIX, 'latin1');
  header[HEADER - 1] = 0x0a;
  return header;
}

function readHeader(handle: number, file: string): { header: NpyHeader; start: number } {
  const prefix = Buffer.alloc(PREFIX);
  readAll(handle, prefix, 0, file);
  if (!prefix.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new Error(`${file}: not an .npy file of version 1.0`);
  }
  const text = Buffer.alloc(prefix.readUInt16LE(MAGIC.length));
  readAll(handle, text, PREFIX, file);
  return { header: parseHeader(text.toString('latin1'), file), start: PREFIX + text.length };
}

function parseHeader(text: string, file: string): NpyHeader {
  const type = /'descr':\s*'([^']*)'/.exec(text)?.[1];
  const fortran = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const tuple = /'shape':\s*\(([\d,\s]*)\)/.exec(text)?.[1];
  if (type === undefined || fortran === undefined || tuple === undefined) {
    throw new Error(`${file}: the .npy header is damaged: ${text.trim()}`);
  }
  if (!Object.hasOwn(ARRAYS, type)) {
    throw new Error(`${file}: elements of type ${type} are not read here; save it as ${known()}`);
  }
  if (fortran === 'True') {
    throw new Error(`${file}: Fortran order is not read here; save it in C order`);
  }
  const shape = tuple.split(',').flatMap((part) => (part.trim() === '' ? [] : [Number(part)]));
  return { type: type as NpyType, shape };
}

function known(): string {
  return Object.keys(ARRAYS).join(', ');
}

function typeOf(data: NpyData): NpyType {
  for (const [type, array] of Object.entries(ARRAYS)) {
    if (data instanceof array) return type as NpyType;
  }
  throw new TypeError(`expected a typed array of ${known()}`);
}

/** The memory of the array as the file's bytes: the same on every machine we run on, which is checked. */
function bytes(data: NpyData): Buffer {
  if (endianness() !== 'LE')
    throw new Error('.npy files are read and written on little-endian machines only');
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function writeAll(handle: number, buffer: Buffer): void {
  for (let done = 0; done < buffer.length; ) done += writeSync(handle, buffer, done);
}

function readAll(handle: number, buffer: Buffer, position: number, file: string): void {
  for (let done = 0; done < buffer.length; ) {
    const count = readSync(handle, buffer, done, buffer.length - done, position + done);
    if (count === 0) throw new Error(`${file}: the .npy file ends too early`);
    done += count;
  }
}

function product(shape: readonly number[]): number {
  return shape.reduce((total, length) => total * length, 1);
}
