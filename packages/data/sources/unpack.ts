/** Unpacks the chosen images of an archive: a zip file, or the parquet shards of a data set. */
import { basename } from 'node:path';
import { checkParquet, extractParquet } from '../parquet/extract.js';
import { isParquet } from '../parquet/table.js';
import type { UnpackOptions } from '../unpacking.js';
import { checkZip, extractZip } from '../zip.js';
import { type Choice, choose, type Selection } from './selection.js';
import type { RawImage, SourceContext } from './source.js';

/**
 * Unpacks to `images/` with the paths that the images have in the archive.
 *
 * @param files one file that is what it is, or several that are parquet shards
 */
export async function unpack(
  files: readonly [string, ...string[]],
  selection: Selection,
  { folder, signal, progress }: SourceContext,
): Promise<RawImage[]> {
  let chosen: Choice[] = [];
  const options: UnpackOptions = {
    plan(names) {
      chosen = choose(names, selection, basename(files[0]));
      return new Map(chosen.map(({ path, image }) => [path, image.file]));
    },
    ...(selection.maxUnpackedBytes !== undefined && {
      limits: { maxUnpackedBytes: selection.maxUnpackedBytes },
    }),
    signal,
    onDone: (done, total) => progress(done, total, 'images'),
  };
  if (files.length > 1 || isParquet(files[0])) await extractParquet(files, folder, options);
  else await extractZip(files[0], folder, options);
  return chosen.map(({ image }) => image);
}

/**
 * Opens an archive as a whole: what passes can be unpacked, whatever is chosen of it.
 *
 * @param name of the archive, where the file is called otherwise while it is not complete
 * @throws a mistake when it cannot be opened
 */
export function openWhole(
  file: string,
  name: string,
  { maxUnpackedBytes }: Selection,
  signal: AbortSignal,
): Promise<void> {
  const limits = maxUnpackedBytes === undefined ? {} : { maxUnpackedBytes };
  return isParquet(file, name)
    ? checkParquet(file, { limits, signal })
    : checkZip(file, { limits: { ...limits, maxEntryBytes: Number.POSITIVE_INFINITY }, signal });
}
