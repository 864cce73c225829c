/** Unpacks the images of parquet tables into files: nothing is written outside the folder, nothing beyond the limits. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mistake } from '../mistake.js';
import {
  type Chosen,
  checkName,
  chooseEntries,
  type Entry,
  makeFolders,
  UNPACK_LIMITS,
  type UnpackLimits,
  type UnpackOptions,
} from '../unpacking.js';
import { createNames } from './names.js';
import { type Group, type ImageRow, type ImageTable, openTable, readGroup } from './table.js';

export interface ParquetLimits extends UnpackLimits {
  /** Bytes of a row group, packed or unpacked: it is held in memory as a whole. */
  readonly maxGroupBytes: number;
}

export const PARQUET_LIMITS: ParquetLimits = { ...UNPACK_LIMITS, maxGroupBytes: 512e6 };

/**
 * Unpacks the planned images of `files`, the shards of one data set in their order, under `folder`.
 *
 * They are read twice: names and sizes are known, and refused where they must be, before anything is
 * written. Rows are numbered from 0 over all shards; a row without an image is passed over.
 */
export async function extractParquet(
  files: readonly string[],
  folder: string,
  { plan, limits, signal, onDone }: UnpackOptions<ParquetLimits>,
): Promise<void> {
  const bounds = { ...PARQUET_LIMITS, ...limits };
  const where = files.length === 1 ? files[0]! : `${files[0]} and ${files.length - 1} more`;
  const groups = await listGroups(files, where, bounds);
  const chosen = chooseEntries(await listImages(groups, signal), where, plan, bounds);
  makeFolders(folder, chosen);
  let done = 0;
  for (const [group, images] of byGroup(chosen)) {
    const rows = await readGroup(group.table, group.group);
    for (const { entry, target } of images) {
      signal?.throwIfAborted();
      const { image } = rows[entry.row]!;
      if (image?.length !== entry.bytes) throw changed(entry);
      writeFileSync(join(folder, target), image, { flag: 'wx' });
      onDone?.(++done, chosen.length);
    }
  }
}

/**
 * Reads all row groups and writes nothing.
 *
 * @throws a mistake when one of them cannot be read
 */
export async function checkParquet(
  file: string,
  { limits, signal }: Pick<UnpackOptions<ParquetLimits>, 'limits' | 'signal'> = {},
): Promise<void> {
  const groups = await listGroups([file], file, { ...PARQUET_LIMITS, ...limits });
  await listImages(groups, signal);
}

/** A row group among those of all shards. */
interface PlacedGroup {
  readonly table: ImageTable;
  readonly group: Group;
  /** Of its first row, over all shards. */
  readonly number: number;
}

interface ImageEntry extends Entry {
  readonly group: PlacedGroup;
  /** In the group. */
  readonly row: number;
}

async function listGroups(
  files: readonly string[],
  where: string,
  { maxEntries, maxGroupBytes }: ParquetLimits,
): Promise<PlacedGroup[]> {
  const groups: PlacedGroup[] = [];
  let rows = 0;
  for (const file of files) {
    const table = await openTable(file, maxGroupBytes);
    for (const group of table.groups) {
      groups.push({ table, group, number: rows + group.firstRow });
    }
    rows += table.rows;
  }
  if (rows > maxEntries) {
    throw mistake(`${where}: ${rows} rows, more than the ${maxEntries} allowed`);
  }
  return groups;
}

async function listImages(
  groups: readonly PlacedGroup[],
  signal: AbortSignal | undefined,
): Promise<ImageEntry[]> {
  const last = groups.at(-1);
  const nameOf = createNames(last === undefined ? 0 : last.number + last.group.rows);
  const entries: ImageEntry[] = [];
  for (const placed of groups) {
    signal?.throwIfAborted();
    const { table, group, number } = placed;
    for (const [row, found] of (await readGroup(table, group)).entries()) {
      const within = `${table.file}, row ${group.firstRow + row}`;
      if (!hasImage(found, within)) continue;
      // Each part on its own: below another part, none would leave the folder any more.
      for (const name of [found.path, found.label]) {
        if (name !== undefined) checkName({ name, within });
      }
      const name = nameOf(found, number + row);
      entries.push({ name, bytes: found.image!.length, within, group: placed, row });
    }
  }
  return entries;
}

function hasImage({ image, path }: ImageRow, within: string): boolean {
  if (image !== undefined) return true;
  if (path === undefined) return false;
  throw mistake(
    `${within}: it names the image ${JSON.stringify(path)}, but does not hold it`,
    'Write the data set anew with its images in it, or name the folder of the images as the source.',
  );
}

/** The chosen images by their row groups, in order: each group is read once. */
function byGroup(
  chosen: readonly Chosen<ImageEntry>[],
): ReadonlyMap<PlacedGroup, Chosen<ImageEntry>[]> {
  const groups = new Map<PlacedGroup, Chosen<ImageEntry>[]>();
  for (const each of chosen) {
    const of = groups.get(each.entry.group);
    if (of === undefined) groups.set(each.entry.group, [each]);
    else of.push(each);
  }
  return groups;
}

function changed({ within }: ImageEntry): Error {
  return mistake(`${within}: the file changed while it was read`, 'Run it again.');
}
