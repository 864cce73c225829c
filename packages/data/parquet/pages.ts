/**
 * Looks through the pages of a column before the reader unpacks them. hyparquet follows what a page
 * declares to its end: a run of two thousand million values takes it minutes and all memory, a
 * negative one for ever. So whatever a page counts is held beside what it can have.
 */
import type {
  ColumnMetaData,
  Compressors,
  DataPageHeader,
  DataReader,
  Encoding,
  PageHeader,
  SchemaTree,
} from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage } from 'hyparquet/src/datapage.js';
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import {
  getMaxDefinitionLevel,
  getMaxRepetitionLevel,
  isFlatColumn,
} from 'hyparquet/src/schema.js';
import { readVarInt } from 'hyparquet/src/thrift.js';

export interface CheckedColumn {
  readonly meta: ColumnMetaData;
  /** From the root to the column. */
  readonly path: readonly SchemaTree[];
  /** Of its row group. */
  readonly rows: number;
  /** Bytes of a row group, packed or unpacked. */
  readonly maxBytes: number;
}

/** What is known of a column before its first page. */
interface Column {
  readonly meta: ColumnMetaData;
  readonly levels: { readonly repetition: number; readonly definition: number };
  readonly compressors: Compressors;
  readonly maxBytes: number;
}

type DataPageHeaderV2 = NonNullable<PageHeader['data_page_header_v2']>;

/** In memory a value takes as much, however few bits it has in the file. */
const BYTES_PER_VALUE = 8;

/** @throws when a page of the column declares more than it can hold */
export function checkPages(
  chunk: ArrayBuffer,
  { meta, path, rows, maxBytes }: CheckedColumn,
  compressors: Compressors,
): void {
  const tree = [...path];
  const repetition = getMaxRepetitionLevel(tree);
  const levels = { repetition, definition: getMaxDefinitionLevel(tree) };
  const column = { meta, levels, compressors, maxBytes };
  // Each row has one value, unless there are lists.
  let left = repetition === 0 ? rows : Math.floor(maxBytes / BYTES_PER_VALUE);
  const reader = readerOf(new Uint8Array(chunk));
  const isFlat = isFlatColumn(tree);
  // It ends where the reader does, which of what comes then takes no notice.
  while (reader.offset < chunk.byteLength - 1 && !(isFlat && left === 0)) {
    const header = parquetHeader(reader);
    refuseOdd(header.compressed_page_size, header.uncompressed_page_size);
    const packed = new Uint8Array(chunk, reader.offset, header.compressed_page_size);
    reader.offset += header.compressed_page_size;
    left -= checkPage(packed, header, left, column);
  }
}

/** The number of its values. */
function checkPage(packed: Uint8Array, header: PageHeader, left: number, column: Column): number {
  const { type, data_page_header: v1, data_page_header_v2: v2 } = header;
  // A dictionary has no runs; the reader refuses what is not a page.
  const page = type === 'DATA_PAGE' ? v1 : type === 'DATA_PAGE_V2' ? v2 : undefined;
  if (page === undefined) return 0;
  const values = page.num_values;
  refuseOdd(values);
  if (values > left) {
    throw new Error(`a page declares ${values} values where ${left} are left`);
  }
  if (page === v1) checkPageV1(packed, v1, header, column);
  else if (v2 !== undefined) checkPageV2(packed, v2, header, column);
  return values;
}

function checkPageV1(
  packed: Uint8Array,
  { num_values: values, encoding }: DataPageHeader,
  header: PageHeader,
  column: Column,
): void {
  const { meta, levels, compressors } = column;
  if (levels.definition === 0 && encoding === 'PLAIN') return;
  const bytes = decompressPage(packed, header.uncompressed_page_size, meta.codec, compressors);
  const reader = readerOf(bytes);
  if (levels.repetition > 0) readLevels(reader, levels.repetition, values, undefined);
  const present = presentAmong(reader, levels.definition, values, undefined);
  if (!INDICES.includes(encoding)) checkValues(reader, encoding, present, column);
  else if (meta.type === 'BOOLEAN') checkRuns(reader, 1, present, true);
  else {
    const width = reader.view.getUint8(reader.offset++);
    // The reader takes no bits for zeroes, and does not look for them.
    if (width > 0) checkRuns(reader, width, present, false);
  }
}

function checkPageV2(
  packed: Uint8Array,
  page: DataPageHeaderV2,
  header: PageHeader,
  column: Column,
): void {
  const { meta, levels, compressors } = column;
  const { num_values: values, num_nulls: nulls, encoding } = page;
  const { repetition_levels_byte_length: first, definition_levels_byte_length: second } = page;
  refuseOdd(nulls, first, second);
  if (nulls > (levels.definition === 0 ? 0 : values)) {
    throw new Error(`a page declares ${nulls} of its ${values} values to be none`);
  }
  const reader = readerOf(packed);
  if (levels.repetition > 0) readLevels(reader, levels.repetition, values, first);
  reader.offset = first;
  presentAmong(reader, levels.definition, values, second);
  if (encoding === 'PLAIN') return;
  const size = header.uncompressed_page_size - first - second;
  const rest = packed.subarray(reader.offset);
  const isPacked = page.is_compressed !== false && size !== 0;
  const bytes = isPacked ? decompressPage(rest, size, meta.codec, compressors) : rest;
  const inner = readerOf(bytes);
  const present = values - nulls;
  if (!INDICES.includes(encoding)) checkValues(inner, encoding, present, column);
  else if (encoding === 'RLE') checkRuns(inner, 1, present, true);
  else checkRuns(inner, inner.view.getUint8(inner.offset++), present, false);
}

/** Runs of indices into a dictionary, or of booleans. */
const INDICES: readonly Encoding[] = ['PLAIN_DICTIONARY', 'RLE_DICTIONARY', 'RLE'];

/** A header may give anything for a number: a fraction, or none, at which the reader stays where it is. */
function refuseOdd(...counts: readonly number[]): void {
  for (const count of counts) {
    if (!Number.isSafeInteger(count) || count < 0)
      throw new Error(`a page declares a size of ${count}`);
  }
}

function readerOf(bytes: Uint8Array): DataReader {
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
}

function readLevels(
  reader: DataReader,
  max: number,
  values: number,
  length: number | undefined,
): number[] {
  const width = 32 - Math.clz32(max);
  checkRuns(reader, width, values, length === undefined);
  const levels = new Array<number>(values);
  readRleBitPackedHybrid(reader, width, levels, length);
  return levels;
}

/** How many of the values are there, by their definition levels. */
function presentAmong(
  reader: DataReader,
  max: number,
  values: number,
  length: number | undefined,
): number {
  if (max === 0) return values;
  return readLevels(reader, max, values, length).filter((level) => level === max).length;
}

function checkValues(
  reader: DataReader,
  encoding: Encoding,
  count: number,
  { maxBytes }: Column,
): void {
  switch (encoding) {
    case 'PLAIN':
    case 'BYTE_STREAM_SPLIT':
      return;
    case 'DELTA_BINARY_PACKED':
    case 'DELTA_LENGTH_BYTE_ARRAY':
      checkDeltas(reader);
      return;
    case 'DELTA_BYTE_ARRAY':
      checkFrontCoded(reader, count, maxBytes);
      return;
    default:
      throw new Error(`a page is encoded by ${encoding}, which is not read`);
  }
}

/**
 * Walks over runs exactly as the reader does, without their values. A run may be padded to a
 * multiple of eight and is never longer than all the values of its page.
 *
 * @param prefixed four bytes of length come before them
 */
function checkRuns(
  { view, offset }: DataReader,
  width: number,
  values: number,
  prefixed: boolean,
): void {
  if (width > 32) throw new Error(`values of ${width} bits`);
  const longest = 8 * Math.ceil(values / 8);
  const reader = { view, offset: offset + (prefixed ? 4 : 0) };
  for (let seen = 0; seen < values; ) {
    const header = readVarInt(reader);
    const isPacked = (header & 1) === 1;
    const count = isPacked ? (header >> 1) << 3 : header >>> 1;
    if (!(count >= 0 && count <= longest)) {
      throw new Error(`a run of ${count} values in a page of ${values}`);
    }
    reader.offset += isPacked ? Math.max(1, (count * width) / 8) : (width + 7) >> 3;
    seen += count;
  }
}

/** Blocks of a size that is none send the reader back to where it was. */
function checkDeltas({ view, offset }: DataReader): void {
  const reader = { view, offset };
  const block = readVarInt(reader);
  const parts = readVarInt(reader);
  const isSound = block > 0 && parts > 0 && parts <= block && block % parts === 0;
  if (!isSound) throw new Error(`a page of blocks of ${block} values in ${parts} parts`);
}

/** Each value repeats the beginning of the one before: together they may be far more than the page. */
function checkFrontCoded(reader: DataReader, count: number, maxBytes: number): void {
  const prefixes = new Int32Array(count);
  checkDeltas(reader);
  deltaBinaryUnpack(reader, count, prefixes);
  const rests = new Int32Array(count);
  checkDeltas(reader);
  deltaBinaryUnpack(reader, count, rests);
  let [before, total] = [0, 0];
  for (const [at, prefix] of prefixes.entries()) {
    const rest = rests[at]!;
    if (!(prefix >= 0 && prefix <= before && rest >= 0)) {
      throw new Error(`a value that repeats ${prefix} bytes of ${before}`);
    }
    before = prefix + rest;
    total += before;
    if (total > maxBytes) {
      throw new Error(`its pages unpack to more than the ${maxBytes} bytes allowed`);
    }
  }
}
