/** Where a parquet table holds its images and their labels, as data sets on Hugging Face lay them out. */
import type { FileMetaData, SchemaTree } from 'hyparquet';
import { mistake } from '../mistake.js';

export interface Columns {
  readonly image: string;
  readonly label: string | undefined;
  /** Names of the labels 0, 1, …, where the file has them. */
  readonly labelNames: readonly string[];
}

/**
 * Finds the columns in the schema.
 *
 * A column of images is a struct with `bytes` (binary) and perhaps `path` (a text), or just binary. It
 * is called `image`, or is the only one of its kind. `label` holds integers or texts; what the integers
 * stand for is in the file's metadata under `huggingface`, where the library `datasets` writes it.
 *
 * @throws a mistake when there is no such column, or no telling which
 */
export function findColumns(
  file: string,
  { children }: SchemaTree,
  { key_value_metadata: metadata }: FileMetaData,
): Columns {
  const images = children.filter(isImages).map(nameOf);
  const image = images.length === 1 ? images[0] : images.find((name) => name === 'image');
  if (image === undefined) {
    throw mistake(
      images.length === 0
        ? `${file}: none of its columns holds images: ${children.map(nameOf).join(', ')}`
        : `${file}: several of its columns may hold the images: ${images.join(', ')}`,
      'Images are in a column image: a struct of bytes and path, or binary.',
    );
  }
  const label = children.find((child) => nameOf(child) === 'label');
  const labelled = label !== undefined && isLabel(label);
  return {
    image,
    label: labelled ? 'label' : undefined,
    labelNames: labelled ? readLabelNames(metadata) : [],
  };
}

/** The top-level columns to read. */
export function wantedColumns({ image, label }: Columns): string[] {
  return label === undefined ? [image] : [image, label];
}

function nameOf({ element }: SchemaTree): string {
  return element.name;
}

function isImages(column: SchemaTree): boolean {
  if (column.children.length === 0) return isBinary(column);
  const bytes = column.children.find((child) => nameOf(child) === 'bytes');
  return !isRepeated(column) && bytes !== undefined && isBinary(bytes);
}

function isBinary(column: SchemaTree): boolean {
  const { type, converted_type: converted, logical_type: logical } = column.element;
  const plain = converted === undefined && logical === undefined;
  return column.children.length === 0 && type === 'BYTE_ARRAY' && plain && !isRepeated(column);
}

function isLabel(column: SchemaTree): boolean {
  const { type, logical_type: logical, converted_type: converted } = column.element;
  if (column.children.length > 0 || isRepeated(column)) return false;
  const text = type === 'BYTE_ARRAY' && (logical?.type === 'STRING' || converted === 'UTF8');
  return type === 'INT64' || type === 'INT32' || text;
}

function isRepeated({ element }: SchemaTree): boolean {
  return element.repetition_type === 'REPEATED';
}

interface HuggingFace {
  readonly info?: { readonly features?: { readonly label?: { readonly names?: unknown } } };
}

/** What is not as `datasets` writes it counts as no names: the numbers tell the labels apart as well. */
function readLabelNames(metadata: FileMetaData['key_value_metadata']): readonly string[] {
  const text = metadata?.find(({ key }) => key === 'huggingface')?.value;
  if (text === undefined) return [];
  try {
    const names = (JSON.parse(text) as HuggingFace | null)?.info?.features?.label?.names;
    return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : [];
  } catch {
    return [];
  }
}
