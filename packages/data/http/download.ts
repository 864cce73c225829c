/** One archive from its URL to a checked file on this machine, kept from run to run. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { firstLine, isMistake, mistake } from '../mistake.js';
import {
  compareDigests,
  type Digests,
  digestFile,
  openTrustStore,
  type TrustStore,
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

export interface DownloadOptions extends TransferOptions {
  /**
   * Opens a file that no published checksum vouches for.
   *
   * @param name of the archive, where the file is called otherwise while it is not complete
   * @throws a mistake when the file is damaged or incomplete
   */
  readonly open: (file: string, name: string) => Promise<void>;
}

/**
 * Gives the archive's file in `folder`, downloading it unless it is there and right.
 *
 * A file that is not right is fetched once more from its beginning, in case the line garbled it;
 * wrong again, it is refused and removed.
 */
export async function download(
  archive: Archive,
  folder: string,
  options: DownloadOptions,
): Promise<Downloaded> {
  mkdirSync(folder, { recursive: true });
  const { url } = archive;
  const { signal, notify } = options;
  const file = join(folder, keptName(url));
  const trust = openTrustStore(join(folder, TRUST));
  const open = (path: string) => options.open(path, file);
  if (existsSync(file)) {
    const digests = await digestFile(file, signal);
    const fault = await findFault({ path: file, digests, archive }, trust, open);
    if (fault === undefined) return { file, ...digests };
    notify(`${file}: ${fault}; it is fetched again`);
  }
  let fault: string | undefined;
  for (let round = 0; round < 2; round++) {
    const { part, md5 } = await transfer(url, file, options);
    const digests = await digestFile(part.path, signal);
    fault = await findFault({ path: part.path, digests, archive, md5 }, trust, open);
    if (fault === undefined) {
      part.complete();
      return { file, ...digests };
    }
    part.restart();
    notify(`${url}: ${fault}`);
  }
  throw mistake(`${url}: twice not what it should be: ${fault}`, cureFor(archive, folder));
}

interface Fetched {
  readonly path: string;
  readonly digests: Digests;
  readonly archive: Archive;
  /** What the server says of this answer. */
  readonly md5?: string | undefined;
}

/**
 * What is wrong with the file, in words. A file of which nothing is published is trusted, and compared
 * ever after, once it was opened. What was trusted without that, by an earlier version, may be damaged:
 * then it is not any more.
 */
async function findFault(
  { path, digests, archive, md5 }: Fetched,
  trust: TrustStore,
  open: (path: string) => Promise<void>,
): Promise<string | undefined> {
  const { url, bytes, sha256 } = archive;
  const known = trust.get(url);
  const difference =
    compareDigests(digests, { bytes, sha256, md5 }) ?? (known && compareDigests(digests, known));
  if (difference !== undefined || sha256 !== undefined || known?.opened) return difference;
  try {
    await open(path);
  } catch (error) {
    if (!isMistake(error)) throw error;
    trust.forget(url);
    return firstLine(error).replaceAll(path, 'the archive');
  }
  trust.record(url, digests);
  return undefined;
}

function cureFor({ url, sha256 }: Archive, folder: string): string {
  if (sha256 !== undefined) return 'The file on the server is not the one that this source names.';
  const trust = join(folder, TRUST);
  if (openTrustStore(trust).get(url) === undefined) {
    return 'Nothing of it is kept. If the server does have the right file, name its sha256 in the source.';
  }
  return (
    'The file on the server is not the one of the first download. If that is right, remove the entry ' +
    `from ${trust}.`
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
