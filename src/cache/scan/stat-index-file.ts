/** File format of the stat index: a header, columns and names under one checksum. */
import { createHash } from 'node:crypto';
import type { Digest } from '../objects/digest.js';
import { DOUBLES, Rows, type Scan } from './rows.js';

export interface LooseRow {
  kind: number;
  size: number;
  mtime: number;
  ctime: number;
  ino: number;
  hex: string;
  day: number;
}

export interface IndexTables {
  /** Rows of a directory by its path. */
  readonly directories: Map<string, Rows>;
  /** Files scanned individually, by path. */
  readonly loose: Map<string, LooseRow>;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  /** Boot id of the machine that wrote it; empty if unknown. */
  readonly boot: string;
}

/** Eight bytes, so that the rest is aligned. */
const MAGIC = 'pipeidx1';
const SUM = 8;
const HEAD = SUM + 32;
/** Per row: size, mtime, ctime, ino, hash, kind. */
const ROW_BYTES = 4 * 8 + 32 + 1;

interface Header {
  readonly savedAt: number;
  readonly boot?: string;
  readonly rows: number;
  readonly namesLength: number;
  /** `[path, number of rows, day, digest, size, files]`; without the last three if unknown. */
  readonly directories: readonly (readonly [string, number, number, Digest?, number?, number?])[];
  readonly looseDays: readonly number[];
}

/** Magic, checksum, columns, names joined by NUL, header as JSON, length of the header. */
export function encodeIndex({ directories, loose, savedAt, boot }: IndexTables): Uint8Array[] {
  const parts = [...directories.values(), looseRows(loose)];
  const count = parts.reduce((sum, rows) => sum + rows.names.length, 0);
  const doubles = (column: (typeof DOUBLES)[number]) => {
    const all = new Float64Array(count);
    let at = 0;
    for (const rows of parts) {
      all.set(rows[column], at);
      at += rows.names.length;
    }
    return new Uint8Array(all.buffer);
  };
  // Names do not contain NUL, and an empty directory adds no name.
  const names = Buffer.from(parts.flatMap((rows) => rows.names).join('\0'));
  const header: Header = {
    savedAt,
    boot,
    rows: count,
    namesLength: names.length,
    directories: [...directories].map(([path, rows]) => directoryHeader(path, rows)),
    looseDays: [...loose.values()].map((row) => row.day),
  };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const body = [
    ...DOUBLES.map(doubles),
    ...parts.map((rows) => rows.hash),
    ...parts.map((rows) => rows.kind),
    names,
    json,
    length,
  ];
  const sum = createHash('sha256');
  for (const part of body) sum.update(part);
  return [Buffer.from(MAGIC), sum.digest(), ...body];
}

function directoryHeader(path: string, { names, day, self }: Rows): Header['directories'][number] {
  return self === undefined
    ? [path, names.length, day]
    : [path, names.length, day, self.digest, self.size, self.files];
}

function looseRows(loose: ReadonlyMap<string, LooseRow>): Rows {
  const rows = new Rows([...loose.keys()], 0);
  let at = 0;
  for (const row of loose.values()) {
    rows.kind[at] = row.kind;
    for (const column of DOUBLES) rows[column][at] = row[column];
    rows.hash.write(row.hex, at * 32, 'hex');
    at++;
  }
  return rows;
}

/** Undefined if the file is incomplete: a stat index is never used partially. */
export function decodeIndex(bytes: Buffer): IndexTables | undefined {
  if (bytes.length < HEAD + 4 || bytes.toString('latin1', 0, SUM) !== MAGIC) return undefined;
  const sum = createHash('sha256').update(bytes.subarray(HEAD)).digest();
  if (!sum.equals(bytes.subarray(SUM, HEAD))) return undefined;
  const length = bytes.readUInt32LE(bytes.length - 4);
  const headerAt = bytes.length - 4 - length;
  const header = JSON.parse(bytes.toString('utf8', headerAt, bytes.length - 4)) as Header;
  const whole = rowsOf(bytes, header, headerAt);
  const directories = new Map<string, Rows>();
  let at = 0;
  for (const [path, count, day, digest, size, files] of header.directories) {
    const self: Scan | undefined =
      digest === undefined ? undefined : { digest, size: size as number, files: files as number };
    directories.set(path, part(whole, at, at + count, day, self));
    at += count;
  }
  const { looseDays, savedAt, boot = '' } = header;
  return { directories, loose: looseFrom(whole, at, looseDays), savedAt, boot };
}

/** All rows together, as views of the file's memory. */
function rowsOf(bytes: Buffer, header: Header, headerAt: number): Rows {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
  const count = header.rows;
  const names = aligned.toString('utf8', headerAt - header.namesLength, headerAt);
  const doubles = (column: number) =>
    new Float64Array(aligned.buffer, aligned.byteOffset + HEAD + column * 8 * count, count);
  const hashAt = HEAD + 32 * count;
  const kindAt = hashAt + 32 * count;
  if (kindAt + count + header.namesLength !== headerAt || HEAD + ROW_BYTES * count > bytes.length)
    throw new Error('the stat index has a valid checksum over columns that do not fit');
  return new Rows(count === 0 ? [] : names.split('\0'), 0, {
    size: doubles(0),
    mtime: doubles(1),
    ctime: doubles(2),
    ino: doubles(3),
    hash: aligned.subarray(hashAt, kindAt),
    kind: aligned.subarray(kindAt, kindAt + count),
  });
}

function part(whole: Rows, from: number, to: number, day: number, self: Scan | undefined): Rows {
  const columns = {
    kind: whole.kind.subarray(from, to),
    size: whole.size.subarray(from, to),
    mtime: whole.mtime.subarray(from, to),
    ctime: whole.ctime.subarray(from, to),
    ino: whole.ino.subarray(from, to),
    hash: whole.hash.subarray(from * 32, to * 32),
  };
  return new Rows(whole.names.slice(from, to), day, columns, self);
}

function looseFrom(whole: Rows, from: number, days: readonly number[]): Map<string, LooseRow> {
  const loose = new Map<string, LooseRow>();
  days.forEach((day, index) => {
    const at = from + index;
    loose.set(whole.names[at] as string, {
      kind: whole.kind[at] as number,
      size: whole.size[at] as number,
      mtime: whole.mtime[at] as number,
      ctime: whole.ctime[at] as number,
      ino: whole.ino[at] as number,
      hex: whole.hexAt(at),
      day,
    });
  });
  return loose;
}
