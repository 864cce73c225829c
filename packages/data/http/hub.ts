/** Data sets on Hugging Face, by its API: which parquet shards one has, and bringing them all. */
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { mistake } from '../mistake.js';
import { type Downloaded, type DownloadOptions, download, keptName } from './download.js';
import { type TransferOptions, transfer } from './transfer.js';

export const HUB = 'https://huggingface.co';

export interface HubDataset {
  /** `owner/name`. */
  readonly huggingface: string;
  /** The only one, or the one called `default`, unless said. */
  readonly config?: string;
  /** All splits, in the order of the list, unless said. */
  readonly split?: string;
}

/** `GET /api/datasets/<id>/parquet`: addresses of the shards, by config and split. */
type Listing = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

export interface Shards {
  readonly config: string;
  readonly splits: readonly string[];
  /** In their order: the rows of a shard come after those of the one before. */
  readonly urls: readonly string[];
}

/**
 * Gives the shards as files in `folder`. The list of shards is kept beside them: a second run needs no
 * network, and has the same shards.
 */
export async function downloadShards(
  dataset: HubDataset,
  hub: string,
  folder: string,
  options: DownloadOptions,
): Promise<{ readonly shards: Shards; readonly downloaded: readonly Downloaded[] }> {
  const shards = await bringShards(dataset, hub, folder, options);
  const downloaded: Downloaded[] = [];
  for (const shard of shards.urls) downloaded.push(await download({ url: shard }, folder, options));
  return { shards, downloaded };
}

/** A list of a hundred thousand shards is shorter. */
const MAX_LISTING_BYTES = 10e6;

async function bringShards(
  dataset: HubDataset,
  hub: string,
  folder: string,
  options: TransferOptions,
): Promise<Shards> {
  mkdirSync(folder, { recursive: true });
  const url = `${hub}/api/datasets/${dataset.huggingface}/parquet`;
  const file = join(folder, `${keptName(url)}.json`);
  if (existsSync(file)) return chooseShards(readListing(file, url), dataset, url);
  const { part } = await transfer(url, file, options);
  try {
    const shards = chooseShards(readListing(part.path, url), dataset, url);
    part.complete(); // kept once it is known to list what is asked for
    return shards;
  } catch (error) {
    part.restart();
    throw error;
  }
}

function readListing(file: string, url: string): Listing {
  const listing = statSync(file).size <= MAX_LISTING_BYTES ? parse(file) : undefined;
  if (isListing(listing)) return listing;
  throw mistake(
    `${url}: expected the addresses of parquet files by config and split, got something else`,
    'Hugging Face may be converting the data set still: try again later.',
  );
}

function parse(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isListing(value: unknown): value is Listing {
  const isAddress = (url: unknown) => typeof url === 'string' && /^https?:\/\//.test(url);
  const isSplit = (urls: unknown) => Array.isArray(urls) && urls.every(isAddress);
  const isConfig = (splits: unknown) => isTree(splits) && Object.values(splits).every(isSplit);
  return isTree(value) && Object.values(value).every(isConfig);
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws a mistake that names those there are when the wanted config or split is not there */
export function chooseShards(listing: Listing, wanted: HubDataset, url: string): Shards {
  const configs = Object.keys(listing);
  const config = wanted.config ?? (configs.length === 1 ? configs[0]! : 'default');
  const splits = Object.hasOwn(listing, config) ? listing[config]! : undefined;
  if (splits === undefined) throw absent(url, `config ${config}`, configs);
  const names = wanted.split === undefined ? Object.keys(splits) : [wanted.split];
  const urls = names.flatMap((name) => {
    if (!Object.hasOwn(splits, name)) throw absent(url, `split ${name}`, Object.keys(splits));
    return splits[name]!;
  });
  if (urls.length === 0) throw mistake(`${url}: lists no parquet files of ${config}`);
  return { config, splits: names, urls };
}

function absent(url: string, what: string, there: readonly string[]): Error {
  return mistake(`${url}: has no ${what}`, `There is: ${there.join(', ') || 'nothing'}.`);
}
