/** Reads zip archives in a stream: nothing is written outside the folder, nothing beyond the limits. */
import { writeFileSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
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
    const chosen = chooseEntries(filesOf(entries), file, plan, bounds);
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

/**
 * Reads the whole archive and writes nothing. An archive that passes can be unpacked, whichever of its
 * entries are chosen later.
 *
 * @throws a mistake when a byte of an entry, of its name or of the directory is wrong or missing
 */
export async function checkZip(
  file: string,
  { limits, signal }: Pick<UnpackOptions, 'limits' | 'signal'> = {},
): Promise<void> {
  const bounds = { ...UNPACK_LIMITS, ...limits };
  const zip = await openZip(file);
  try {
    const entries = await listEntries(zip, file, bounds);
    await checkEnd(zip, file);
    chooseEntries(filesOf(entries), file, (names) => new Map(names.map((n) => [n, n])), bounds);
    for (const entry of entries) {
      signal?.throwIfAborted();
      checkKind(entry);
      await compareNames(zip, entry);
      for await (const _ of contentOf(zip, entry));
    }
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

/** All entries, in the archive's order. */
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
      entries.push({ name, bytes, within: file, raw });
      zip.readEntry();
    });
    zip.on('error', (error: Error) => reject(unusable(file, error)));
    zip.on('end', () => resolve(entries));
    zip.readEntry();
  });
}

function filesOf(entries: readonly ZipEntry[]): ZipEntry[] {
  return entries.filter(({ name }) => !name.endsWith('/'));
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

/** What the types of yauzl do not know. */
interface Inner {
  /** Behind the last header that was read. */
  readonly readEntryCursor: number;
  readLocalFileHeader(entry: YauzlEntry, done: (error: Error | null, header: Header) => void): void;
}

interface Header {
  readonly generalPurposeBitFlag: number;
  readonly fileName: Buffer;
}

const CENTRAL_HEADER = 0x02014b50;
const UTF8_NAME = 0x800;

/** The central directory has no checksum: one more header behind the last means that its count is wrong. */
async function checkEnd(zip: ZipFile, file: string): Promise<void> {
  const next = Buffer.alloc(4);
  const handle = await openFile(file);
  try {
    const { readEntryCursor } = zip as unknown as Inner;
    await handle.read(next, 0, next.length, readEntryCursor);
  } finally {
    await handle.close();
  }
  if (next.readUInt32LE() === CENTRAL_HEADER) {
    throw unusable(file, new Error('it holds more entries than it counts'));
  }
}

/** A name has no checksum, but each archive holds it twice. */
async function compareNames(zip: ZipFile, { raw, name, within }: ZipEntry): Promise<void> {
  const entry = `${within}: the entry ${JSON.stringify(name)}`;
  const local = await new Promise<Header>((resolve, reject) => {
    (zip as unknown as Inner).readLocalFileHeader(raw, (error, header) =>
      error ? reject(unusable(entry, error)) : resolve(header),
    );
  });
  const { fileNameRaw } = raw as unknown as { readonly fileNameRaw: Buffer };
  const flags = local.generalPurposeBitFlag ^ raw.generalPurposeBitFlag;
  if (!local.fileName.equals(fileNameRaw) || (flags & UTF8_NAME) !== 0) {
    throw unusable(entry, new Error('the header of its content has another name'));
  }
}

async function readEntry(zip: ZipFile, entry: ZipEntry): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of contentOf(zip, entry)) parts.push(part);
  return Buffer.concat(parts);
}

/** In parts. The checksum is compared behind the last one. */
async function* contentOf(zip: ZipFile, { raw, name, within }: ZipEntry): AsyncGenerator<Buffer> {
  try {
    const stream = await new Promise<Readable>((resolve, reject) => {
      zip.openReadStream(raw, (error, opened) => (error ? reject(error) : resolve(opened)));
    });
    let checksum = 0;
    for await (const part of stream as AsyncIterable<Buffer>) {
      checksum = crc32(part, checksum);
      yield part;
    }
    if (checksum !== raw.crc32) throw new Error('its checksum (CRC-32) is wrong');
  } catch (error) {
    throw unusable(`${within}: the entry ${JSON.stringify(name)}`, error);
  }
}

function unusable(what: string, error: unknown): Error {
  const cure = 'The archive is damaged, incomplete or no zip: get it again.';
  return mistake(`${what}: ${firstLine(error)}`, cure);
}
