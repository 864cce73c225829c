/** Reads zip archives in a stream: nothing is written outside the folder, nothing beyond the limits. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Entry, open, type ZipFile } from 'yauzl';
import { firstLine, mistake } from './mistake.js';
import { mapInParallel } from './parallel.js';

export interface ZipLimits {
  /** Bytes that all chosen entries may unpack to. */
  readonly maxUnpackedBytes: number;
  /** Bytes of one entry: it is held in memory while it is checked. */
  readonly maxEntryBytes: number;
  readonly maxEntries: number;
}

export const ZIP_LIMITS: ZipLimits = {
  maxUnpackedBytes: 20e9,
  maxEntryBytes: 64e6,
  maxEntries: 2_000_000,
};

export interface ExtractOptions {
  /**
   * Given the names of all files in the archive, in its order, tells which are unpacked and where
   * each goes, relative to the folder with slashes.
   */
  readonly plan: (names: readonly string[]) => ReadonlyMap<string, string>;
  readonly limits?: Partial<ZipLimits>;
  readonly signal?: AbortSignal;
  readonly onDone?: (done: number, total: number) => void;
}

/**
 * Unpacks the planned entries of `file` under `folder`.
 *
 * The archive as a whole is refused when any name leaves the folder, when a chosen entry is a link or
 * encrypted, and when the sizes it declares go past the limits. What an entry unpacks to is compared
 * with its declared size and CRC-32, so a lie about sizes is found at its first byte too many.
 */
export async function extractZip(
  file: string,
  folder: string,
  { plan, limits, signal, onDone }: ExtractOptions,
): Promise<void> {
  const bounds = { ...ZIP_LIMITS, ...limits };
  const zip = await openZip(file);
  try {
    const entries = await listEntries(zip, file, bounds);
    const chosen = chooseEntries(entries, file, plan, bounds);
    makeFolders(
      folder,
      chosen.map(({ target }) => target),
    );
    await mapInParallel(
      chosen,
      async ({ entry, target }) => {
        const data = await readEntry(zip, entry, file);
        writeFileSync(join(folder, target), data, { flag: 'wx' });
      },
      { ...(signal && { signal }), onDone: (done) => onDone?.(done, chosen.length) },
    );
  } finally {
    zip.close();
  }
}

interface Chosen {
  readonly entry: Entry;
  readonly target: string;
}

function openZip(file: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    const options = { lazyEntries: true, autoClose: false, validateEntrySizes: true };
    open(file, options, (error, zip) => (error ? reject(unusable(file, error)) : resolve(zip)));
  });
}

/** All entries that are files, in the archive's order. */
function listEntries(zip: ZipFile, file: string, { maxEntries }: ZipLimits): Promise<Entry[]> {
  if (zip.entryCount > maxEntries) {
    throw mistake(`${file}: ${zip.entryCount} entries, more than the ${maxEntries} allowed`);
  }
  return new Promise((resolve, reject) => {
    const entries: Entry[] = [];
    zip.on('entry', (entry: Entry) => {
      if (!entry.fileName.endsWith('/')) entries.push(entry);
      zip.readEntry();
    });
    zip.on('error', (error: Error) => reject(unusable(file, error)));
    zip.on('end', () => resolve(entries));
    zip.readEntry();
  });
}

function chooseEntries(
  entries: readonly Entry[],
  file: string,
  plan: ExtractOptions['plan'],
  bounds: ZipLimits,
): Chosen[] {
  for (const entry of entries) checkName(entry.fileName, file);
  const planned = plan(entries.map((entry) => entry.fileName));
  const chosen: Chosen[] = [];
  const targets = new Set<string>();
  let unpacked = 0;
  for (const entry of entries) {
    const target = planned.get(entry.fileName);
    if (target === undefined) continue;
    checkEntry(entry, file, bounds);
    if (targets.has(target)) throw mistake(`${file}: two entries are to become ${target}`);
    targets.add(target);
    unpacked += entry.uncompressedSize;
    if (unpacked > bounds.maxUnpackedBytes) {
      throw mistake(
        `${file}: unpacks to more than the ${bounds.maxUnpackedBytes} bytes allowed`,
        'Set maxUnpackedBytes of the source higher when that is right.',
      );
    }
    chosen.push({ entry, target });
  }
  return chosen;
}

/** yauzl has refused most of these already; our folder is too dear to depend on that alone. */
function checkName(name: string, file: string): void {
  const escapes =
    name === '' ||
    name.startsWith('/') ||
    /^[A-Za-z]:/.test(name) ||
    /[\\\0]/.test(name) ||
    name.split('/').includes('..');
  if (escapes) {
    throw mistake(
      `${file}: the entry ${JSON.stringify(name)} would be written outside the folder`,
      'Nothing was unpacked. Do not trust this archive.',
    );
  }
}

const FILE_TYPE = 0o170000;
const LINK = 0o120000;

function checkEntry(entry: Entry, file: string, { maxEntryBytes }: ZipLimits): void {
  const name = JSON.stringify(entry.fileName);
  if (((entry.externalFileAttributes >>> 16) & FILE_TYPE) === LINK) {
    throw mistake(`${file}: the entry ${name} is a symbolic link, which is not unpacked`);
  }
  if (entry.isEncrypted()) {
    throw mistake(`${file}: the entry ${name} is encrypted`, 'Unpack it and name the folder.');
  }
  if (entry.uncompressedSize > maxEntryBytes) {
    throw mistake(
      `${file}: the entry ${name} has ${entry.uncompressedSize} bytes, more than the ${maxEntryBytes} allowed`,
    );
  }
}

async function readEntry(zip: ZipFile, entry: Entry, file: string): Promise<Buffer> {
  try {
    const stream = await new Promise<Readable>((resolve, reject) => {
      zip.openReadStream(entry, (error, opened) => (error ? reject(error) : resolve(opened)));
    });
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part as Buffer);
    const data = Buffer.concat(parts);
    if (crc32(data) !== entry.crc32) throw new Error('its checksum (CRC-32) is wrong');
    return data;
  } catch (error) {
    throw unusable(`${file}: the entry ${JSON.stringify(entry.fileName)}`, error);
  }
}

function unusable(what: string, error: unknown): Error {
  const cure = 'The archive is damaged, incomplete or no zip: get it again.';
  return mistake(`${what}: ${firstLine(error)}`, cure);
}

function makeFolders(folder: string, targets: readonly string[]): void {
  for (const parent of new Set(targets.map((target) => dirname(target)))) {
    mkdirSync(join(folder, parent), { recursive: true });
  }
}
