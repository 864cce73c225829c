/** Unpacks the chosen images of an archive: a zip file, or the parquet shards of a data set. */
import { basename } from 'node:path';
import { extractParquet } from '../parquet/extract.js';
import { isParquet } from '../parquet/table.js';
import type { UnpackOptions } from '../unpacking.js';
import { extractZip } from '../zip.js';
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
