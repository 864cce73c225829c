/** Writes parquet files of images for tests, as the library `datasets` lays them out. */
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';

type WriteOptions = Parameters<typeof parquetWriteBuffer>[0];
type SchemaElement = NonNullable<WriteOptions['schema']>[number];

/** An image as its bytes begin, and no more: enough to be named. */
export const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
export const JPEG = [0xff, 0xd8, 0xff, 0xe0];

export interface ParquetRow {
  /** What follows the image's beginning; null for a row without bytes. */
  readonly text: string | null;
  readonly kind?: readonly number[];
  readonly path?: string;
  readonly label?: number | string;
}

export interface ParquetOptions {
  readonly rowGroupSize?: number;
  readonly codec?: NonNullable<WriteOptions['codec']>;
  readonly labelNames?: readonly string[];
  /** The column is binary instead of a struct. */
  readonly plain?: boolean;
  readonly column?: string;
  /** Further columns. */
  readonly columns?: readonly ColumnSource[];
}

export function imageBytes({ text, kind = PNG }: ParquetRow): Uint8Array | null {
  return text === null ? null : Buffer.concat([Buffer.from(kind), Buffer.from(text)]);
}

export function makeParquet(rows: readonly ParquetRow[], options: ParquetOptions = {}): Buffer {
  const { rowGroupSize = 2, codec = 'SNAPPY', labelNames, plain = false, columns = [] } = options;
  const { column: name = 'image' } = options;
  const labels = rows.map(({ label }) => (typeof label === 'number' ? BigInt(label) : label));
  const labelled = labels.some((label) => label !== undefined);
  const text = labels.some((label) => typeof label === 'string');
  const schema: SchemaElement[] = [
    { name: 'root', num_children: 1 + (labelled ? 1 : 0) + columns.length },
    ...imageSchema(name, plain),
    ...(labelled ? [labelSchema(text)] : []),
    ...columns.map((column): SchemaElement => ({ name: column.name, type: 'BYTE_ARRAY' })),
  ];
  const images = rows.map((row) =>
    plain ? imageBytes(row) : { bytes: imageBytes(row), path: row.path ?? null },
  );
  return Buffer.from(
    parquetWriteBuffer({
      columnData: [
        { name, data: images },
        ...(labelled ? [{ name: 'label', data: labels.map((label) => label ?? null) }] : []),
        ...columns,
      ],
      schema,
      codec,
      compressors: { LZ4_RAW: (page) => page }, // an unsupported compression
      rowGroupSize,
      ...(labelNames && { kvMetadata: [{ key: 'huggingface', value: featuresOf(labelNames) }] }),
    }),
  );
}

function imageSchema(name: string, plain: boolean): SchemaElement[] {
  if (plain) return [{ name, type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' }];
  return [
    { name, num_children: 2, repetition_type: 'OPTIONAL' },
    { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
    { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
  ];
}

function labelSchema(text: boolean): SchemaElement {
  const common = { name: 'label', repetition_type: 'OPTIONAL' } as const;
  if (text) return { ...common, type: 'BYTE_ARRAY', converted_type: 'UTF8' };
  return { ...common, type: 'INT64' };
}

function featuresOf(names: readonly string[]): string {
  return JSON.stringify({ info: { features: { label: { names, _type: 'ClassLabel' } } } });
}
