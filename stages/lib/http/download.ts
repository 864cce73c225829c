/** One archive from its URL to a checked file on this machine, kept from run to run. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { mistake } from '../mistake.js';
import {
  compareDigests,
  type Digests,
  digestFile,
  type Expected,
  openTrustStore,
} from './checksum.js';
import { type TransferOptions, transfer } from './transfer.js';

export interface Archive {
  readonly url: string;
  /** As published; what is not is trusted at the first download and compared ever after. */
  readonly bytes?: number;
  readonly sha256?: string;
  /** Whose credentials are given when the server asks for some. */
  readonly login?: 'kaggle';
}

export interface Downloaded extends Digests {
  readonly file: string;
}

/** The digests of first downloads lie beside them. */
const TRUST = 'checksums.json';

/**
 * Gives the archive's file in `folder`, downloading it unless it is there and right.
 *
 * A file with a wrong checksum is fetched once more from its beginning, in case the line garbled it;
 * wrong again, it is refused and removed.
 */
export async function download(
  archive: Archive,
  folder: string,
  options: TransferOptions,
): Promise<Downloaded> {
  mkdirSync(folder, { recursive: true });
  const { url } = archive;
  const file = join(folder, keptName(url));
  const trust = openTrustStore(join(folder, TRUST));
  const known = trust.get(url);
  if (existsSync(file)) {
    const digests = await digestFile(file, options.signal);
    if (findDifference(digests, archive, known) === undefined) return { file, ...digests };
    options.notify(`${file}: is not what it was when it was downloaded; it is fetched again`);
  }
  let difference: string | undefined;
  for (let round = 0; round < 2; round++) {
    const { part, md5 } = await transfer(url, file, options);
    const digests = await digestFile(part.path, options.signal);
    difference = findDifference(digests, { ...archive, md5 }, known);
    if (difference === undefined) {
      if (known === undefined) trust.record(url, digests);
      part.complete();
      return { file, ...digests };
    }
    part.restart();
    options.notify(`${url}: wrong ${difference}`);
  }
  throw mistake(`${url}: twice not what it should be: ${difference}`, cureFor(archive, folder));
}

function findDifference(
  found: Digests,
  published: Expected,
  known: Expected | undefined,
): string | undefined {
  return compareDigests(found, published) ?? (known && compareDigests(found, known));
}

function cureFor({ sha256 }: Archive, folder: string): string {
  if (sha256 !== undefined) return 'The server has another file than the one this source names.';
  return (
    'The server has another file than at the first download. If that is right, remove the entry ' +
    `from ${join(folder, TRUST)}.`
  );
}

/** A name that tells people what it is and is one of its own for each URL. */
export function keptName(url: string): string {
  const last = new URL(url).pathname.split('/').at(-1) ?? '';
  const readable = last
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 80);
  return `${createHash('sha256').update(url).digest('hex').slice(0, 12)}-${readable}`;
}
