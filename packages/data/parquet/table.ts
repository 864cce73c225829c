/** A parquet file of images, read row group by row group: never more than one is held. */
import { closeSync, openSync, readSync } from 'node:fs';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type RowGroup,
} from 'hyparquet';
import { getTreePath } from 'hyparquet/src/schema.js';
import { firstLine, mistake } from '../mistake.js';
import { CODECS, createCodecs } from './codecs.js';
import { type Columns, findColumns, wantedColumns } from './columns.js';
import { heldRanges, openRanges } from './file-ranges.js';
import { checkPages } from './pages.js';

export interface ImageTable {
  readonly file: string;
  readonly rows: number;
  readonly groups: readonly Group[];
  readonly columns: Columns;
  readonly metadata: FileMetaData;
  readonly ranges: AsyncBuffer;
  /** Bytes of a row group, packed or unpacked. */
  readonly maxGroupBytes: number;
}

export interface Group {
  /** For people: which of how many. */
  readonly name: string;
  /** Of the file, from 0. */
  readonly firstRow: number;
  readonly rows: number;
  readonly raw: RowGroup;
}

export interface ImageRow {
  /** Absent where the table has no image in this row. */
  readonly image: Uint8Array | undefined;
  /** What the image's file was called, where the table knows it. */
  readonly path: string | undefined;
  readonly label: string | undefined;
}

const MAGIC = 'PAR1';
const MAX_METADATA_BYTES = 64e6;

/** Whether the first bytes or the name of the file say that it is parquet. */
export function isParquet(file: string, name = file): boolean {
  if (/\.parquet$/i.test(name)) return true;
  const start = Buffer.alloc(MAGIC.length);
  const handle = openSync(file, 'r');
  try {
    readSync(handle, start);
  } finally {
    closeSync(handle);
  }
  return start.toString('latin1') === MAGIC;
}

/**
 * Reads the metadata of the file, and no image.
 *
 * @throws a mistake when it is no parquet, cut short, or without images
 */
export async function openTable(file: string, maxGroupBytes: number): Promise<ImageTable> {
  const { ranges, metadata, schema, groups } = await attempt(file, async () => {
    const ranges = await openRanges(file, Math.max(maxGroupBytes, MAX_METADATA_BYTES));
    checkEnds(Buffer.from(await ranges.slice(0, Math.min(4, ranges.byteLength))), 'begin');
    checkEnds(Buffer.from(await ranges.slice(Math.max(0, ranges.byteLength - 4))), 'end');
    const metadata = await parquetMetadataAsync(ranges, { geoparquet: false });
    return { ranges, metadata, schema: parquetSchema(metadata), groups: listGroups(metadata) };
  });
  const columns = findColumns(file, schema, metadata);
  const rows = groups.reduce((total, group) => total + group.rows, 0);
  return { file, rows, groups, columns, metadata, ranges, maxGroupBytes };
}

function checkEnds(bytes: Buffer, verb: string): void {
  if (bytes.toString('latin1') === MAGIC) return;
  throw new Error(`it does not ${verb} with ${MAGIC}, as parquet does`);
}

function listGroups({ row_groups: raws, num_rows }: FileMetaData): Group[] {
  let firstRow = 0;
  const groups = raws.map((raw, index): Group => {
    const rows = Number(raw.num_rows);
    if (!Number.isSafeInteger(rows) || rows < 0) throw new Error(`a row group of ${rows} rows`);
    const group = { name: `row group ${index + 1} of ${raws.length}`, firstRow, rows, raw };
    firstRow += rows;
    return group;
  });
  if (Number(num_rows) !== firstRow) {
    throw new Error(`it declares ${num_rows} rows, its row groups hold ${firstRow}`);
  }
  return groups;
}

/**
 * Reads one row group: its images, labels and paths, and no other column.
 *
 * @throws a mistake when the group is damaged or larger than allowed
 */
export async function readGroup(table: ImageTable, group: Group): Promise<ImageRow[]> {
  const { file, columns, metadata, ranges, maxGroupBytes } = table;
  checkGroup(table, group);
  return attempt(`${file}: ${group.name}`, async () => {
    const held = heldRanges(ranges);
    await checkColumns(table, group, held);
    const rows = await parquetReadObjects({
      file: held,
      metadata,
      columns: wantedColumns(columns),
      rowStart: group.firstRow,
      rowEnd: group.firstRow + group.rows,
      compressors: createCodecs(maxGroupBytes),
      utf8: false,
    });
    if (rows.length !== group.rows) throw new Error(`it has ${rows.length} of ${group.rows} rows`);
    return rows.map((row, index) => readRow(row, columns, group.firstRow + index));
  });
}

/** Before the reader unpacks them, for it believes whatever a page declares. */
async function checkColumns(
  { columns, metadata, maxGroupBytes }: ImageTable,
  { raw, rows }: Group,
  held: AsyncBuffer,
): Promise<void> {
  const wanted = new Set(wantedColumns(columns));
  const schema = parquetSchema(metadata);
  const compressors = createCodecs(maxGroupBytes);
  for (const { meta_data: meta } of raw.columns) {
    if (meta === undefined || !wanted.has(meta.path_in_schema[0] ?? '')) continue;
    const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
    const chunk = await held.slice(start, start + Number(meta.total_compressed_size));
    const path = getTreePath(schema, meta.path_in_schema);
    checkPages(chunk, { meta, path, rows, maxBytes: maxGroupBytes }, compressors);
  }
}

function checkGroup({ file, columns, maxGroupBytes }: ImageTable, group: Group): void {
  const wanted = new Set(wantedColumns(columns));
  let [packed, unpacked] = [0, 0];
  for (const { meta_data: meta } of group.raw.columns) {
    if (meta === undefined || !wanted.has(meta.path_in_schema[0] ?? '')) continue;
    if (!CODECS.includes(meta.codec)) {
      throw mistake(
        `${file}: ${group.name} is packed by ${meta.codec}, which is not read`,
        `Write the file anew, packed by one of ${CODECS.join(', ')}.`,
      );
    }
    packed += Number(meta.total_compressed_size);
    unpacked += Number(meta.total_uncompressed_size);
  }
  const bytes = Math.max(packed, unpacked);
  if (bytes <= maxGroupBytes) return;
  throw mistake(
    `${file}: ${group.name} has ${bytes} bytes, more than the ${maxGroupBytes} allowed`,
    'It would be held in memory as a whole. Write the file anew with smaller row groups, such as ' +
      'pyarrow.parquet.write_table(table, file, row_group_size=100).',
  );
}

/** A value that is not there is null; one that the reader did not find at all is undefined. */
function readRow(row: Readonly<Record<string, unknown>>, columns: Columns, at: number): ImageRow {
  const value = row[columns.image];
  const label = columns.label === undefined ? null : row[columns.label];
  if (value === undefined || label === undefined) throw new Error(`row ${at} has no values`);
  const labelled = { label: labelText(label, columns) };
  if (value === null) return { image: undefined, path: undefined, ...labelled };
  if (value instanceof Uint8Array) return { image: value, path: undefined, ...labelled };
  const { bytes, path } = value as { readonly bytes?: unknown; readonly path?: unknown };
  return {
    image: bytes instanceof Uint8Array ? bytes : undefined,
    path: typeof path === 'string' && path !== '' ? path : undefined,
    ...labelled,
  };
}

function labelText(label: unknown, { labelNames }: Columns): string | undefined {
  if (label === null) return undefined;
  if (typeof label === 'string') return label === '' ? undefined : label;
  return labelNames[Number(label)] || String(label);
}

/** Reports any error of the reader as a mistake of the file, with its place. */
async function attempt<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw mistake(
      `${place}: ${firstLine(error)}`,
      'The file is damaged or incomplete, or it is not a parquet file: get it again.',
    );
  }
}
