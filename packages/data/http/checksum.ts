/** Checksums of downloads: computing them, comparing them, and trust on first use where none is published. */
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mistake } from '../mistake.js';

export interface Digests {
  readonly bytes: number;
  readonly sha256: string;
  readonly md5: string;
}

/** What a download has to be, as far as it is known. */
export type Expected = { readonly [K in keyof Digests]?: Digests[K] | undefined };

/** One pass over the file. */
export async function digestFile(file: string, signal?: AbortSignal): Promise<Digests> {
  const sha256 = createHash('sha256');
  const md5 = createHash('md5');
  let bytes = 0;
  const stream = createReadStream(file, { highWaterMark: 1 << 20, ...(signal && { signal }) });
  for await (const part of stream as AsyncIterable<Buffer>) {
    sha256.update(part);
    md5.update(part);
    bytes += part.length;
  }
  return { bytes, sha256: sha256.digest('hex'), md5: md5.digest('hex') };
}

/** What differs from what is expected, in words; undefined when nothing does. */
export function compareDigests(found: Digests, expected: Expected): string | undefined {
  for (const name of ['bytes', 'sha256', 'md5'] as const) {
    const wanted = expected[name];
    if (wanted !== undefined && wanted !== found[name]) {
      return `${name}: expected ${wanted}, got ${found[name]}`;
    }
  }
  return undefined;
}

/** The checksums of first downloads, by URL, in a JSON file of their own. */
export interface TrustStore {
  get(url: string): Trusted | undefined;
  /** Records what the first download from the URL gave, once it was opened. */
  record(url: string, digests: Digests): void;
  forget(url: string): void;
}

export interface Trusted extends Expected {
  /** Absent in what earlier versions recorded: they trusted what they had not opened. */
  readonly opened?: boolean;
}

export function openTrustStore(file: string): TrustStore {
  readStore(file); // a damaged one is refused before anything is downloaded
  const change = (url: string, entry: Trusted | undefined) => {
    const text = JSON.stringify({ ...readStore(file), [url]: entry }, null, 1);
    writeFileSync(`${file}.${process.pid}`, `${text}\n`);
    renameSync(`${file}.${process.pid}`, file);
  };
  return {
    get: (url) => readStore(file)[url],
    record: (url, { bytes, sha256 }) => change(url, { bytes, sha256, opened: true }),
    forget(url) {
      if (readStore(file)[url] !== undefined) change(url, undefined);
    },
  };
}

/** A damaged store is an error: to take it for empty would be to trust anything again. */
function readStore(file: string): Record<string, Trusted> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  try {
    return JSON.parse(text) as Record<string, Trusted>;
  } catch (error) {
    throw mistake(
      `${file}: the checksums of earlier downloads are damaged: ${(error as Error).message}`,
      'Restore the file, or remove it to trust the next download as the first.',
    );
  }
}
