/** Reads zip archives in a stream: nothing is written outside the folder, nothing beyond the limits. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { open, type Entry as YauzlEntry, type ZipFile } from 'yauzl';
import { firstLine, mistake } from './mistake.js';
import { mapInParallel } from './parallel.js';
import {
  chooseEntries,
  type Entry,
  makeFolders,
  UNPACK_LIMITS,
  type UnpackLimits,
  type UnpackOptions,
} from './unpacking.js';

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
  { plan, limits, signal, onDone }: UnpackOptions,
): Promise<void> {
  const bounds = { ...UNPACK_LIMITS, ...limits };
  const zip = await openZip(file);
  try {
    const entries = await listEntries(zip, file, bounds);
    const chosen = chooseEntries(entries, file, plan, bounds);
    for (const { entry } of chosen) checkKind(entry);
    makeFolders(folder, chosen);
    await mapInParallel(
      chosen,
      async ({ entry, target }) => {
        const data = await readEntry(zip, entry);
        writeFileSync(join(folder, target), data, { flag: 'wx' });
      },
      { ...(signal && { signal }), onDone: (done) => onDone?.(done, chosen.length) },
    );
  } finally {
    zip.close();
  }
}

interface ZipEntry extends Entry {
  readonly raw: YauzlEntry;
}

function openZip(file: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    const options = { lazyEntries: true, autoClose: false, validateEntrySizes: true };
    open(file, options, (error, zip) => (error ? reject(unusable(file, error)) : resolve(zip)));
  });
}

/** All entries that are files, in the archive's order. */
function listEntries(
  zip: ZipFile,
  file: string,
  { maxEntries }: UnpackLimits,
): Promise<ZipEntry[]> {
  if (zip.entryCount > maxEntries) {
    throw mistake(`${file}: ${zip.entryCount} entries, more than the ${maxEntries} allowed`);
  }
  return new Promise((resolve, reject) => {
    const entries: ZipEntry[] = [];
    zip.on('entry', (raw: YauzlEntry) => {
      const { fileName: name, uncompressedSize: bytes } = raw;
      if (!name.endsWith('/')) entries.push({ name, bytes, within: file, raw });
      zip.readEntry();
    });
    zip.on('error', (error: Error) => reject(unusable(file, error)));
    zip.on('end', () => resolve(entries));
    zip.readEntry();
  });
}

const FILE_TYPE = 0o170000;
const LINK = 0o120000;

function checkKind({ raw, name, within }: ZipEntry): void {
  const entry = `${within}: the entry ${JSON.stringify(name)}`;
  if (((raw.externalFileAttributes >>> 16) & FILE_TYPE) === LINK) {
    throw mistake(`${entry} is a symbolic link, which is not unpacked`);
  }
  if (raw.isEncrypted()) {
    throw mistake(`${entry} is encrypted`, 'Unpack it and name the folder.');
  }
}

async function readEntry(zip: ZipFile, { raw, name, within }: ZipEntry): Promise<Buffer> {
  try {
    const stream = await new Promise<Readable>((resolve, reject) => {
      zip.openReadStream(raw, (error, opened) => (error ? reject(error) : resolve(opened)));
    });
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part as Buffer);
    const data = Buffer.concat(parts);
    if (crc32(data) !== raw.crc32) throw new Error('its checksum (CRC-32) is wrong');
    return data;
  } catch (error) {
    throw unusable(`${within}: the entry ${JSON.stringify(name)}`, error);
  }
}

function unusable(what: string, error: unknown): Error {
  const cure = 'The archive is damaged, incomplete or no zip: get it again.';
  return mistake(`${what}: ${firstLine(error)}`, cure);
}
