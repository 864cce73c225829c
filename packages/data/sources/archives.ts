/** Archives from the web, in order of preference: each a file, or the parquet shards of a data set. */
import { createHash } from 'node:crypto';
import { type Archive, type DownloadOptions, download } from '../http/download.js';
import { downloadShards, type HubDataset } from '../http/hub.js';

/** Holds all images of a source; what differs from what the source says of them is said here. */
export type ImageArchive = (Archive | HubDataset) & {
  readonly label?: string;
  /** How many images it holds. */
  readonly images?: number;
  /** Pattern of the paths inside. */
  readonly include?: string;
};

export interface Brought {
  readonly files: readonly [string, ...string[]];
  /** Where they are from, with their digests, for the record of the source. */
  readonly origin: string;
}

export async function bringArchive(
  archive: ImageArchive,
  hub: string,
  folder: string,
  options: DownloadOptions,
): Promise<Brought> {
  if ('url' in archive) {
    const { file, bytes, sha256 } = await download(archive, folder, options);
    return { files: [file], origin: `${archive.url}, ${bytes} bytes, sha256 ${sha256}` };
  }
  const { shards, downloaded } = await downloadShards(archive, hub, folder, options);
  const [first, ...others] = downloaded;
  if (first === undefined) throw new Error('no shard was brought');
  const bytes = downloaded.reduce((total, shard) => total + shard.bytes, 0);
  const place = `${hub}/datasets/${archive.huggingface}, ${shards.config}/${shards.splits.join('+')}`;
  const count = downloaded.length === 1 ? '1 parquet file' : `${downloaded.length} parquet files`;
  return {
    files: [first.file, ...others.map(({ file }) => file)],
    origin: `${place}, ${count}, ${bytes} bytes, sha256 ${digestOf(downloaded)}`,
  };
}

/** What is written for several files: the digest of their digests, a line for each. */
function digestOf(downloaded: readonly { readonly sha256: string }[]): string {
  if (downloaded.length === 1) return downloaded[0]!.sha256;
  const lines = downloaded.map(({ sha256 }) => `${sha256}\n`).join('');
  return createHash('sha256').update(lines).digest('hex');
}

/** How an archive is called in messages. */
export function archiveName(archive: ImageArchive): string {
  return 'url' in archive ? archive.url : `Hugging Face's ${archive.huggingface}`;
}
