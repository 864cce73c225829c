/** What holds for everything that is unpacked, zip or parquet: names stay in the folder, sizes within limits. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { mistake } from './mistake.js';

export interface UnpackLimits {
  /** Bytes that all chosen entries may unpack to. */
  readonly maxUnpackedBytes: number;
  /** Bytes of one entry: it is held in memory. */
  readonly maxEntryBytes: number;
  readonly maxEntries: number;
}

export const UNPACK_LIMITS: UnpackLimits = {
  maxUnpackedBytes: 20e9,
  maxEntryBytes: 64e6,
  maxEntries: 2_000_000,
};

export interface UnpackOptions<L extends UnpackLimits = UnpackLimits> {
  /**
   * Given the names of all entries, in their order, tells which are unpacked and where each goes,
   * relative to the folder with slashes.
   */
  readonly plan: (names: readonly string[]) => ReadonlyMap<string, string>;
  readonly limits?: Partial<L>;
  readonly signal?: AbortSignal;
  readonly onDone?: (done: number, total: number) => void;
}

/** A file inside an archive. */
export interface Entry {
  readonly name: string;
  /** Unpacked. */
  readonly bytes: number;
  /** Where it lies, for errors. */
  readonly within: string;
}

export interface Chosen<E extends Entry> {
  readonly entry: E;
  /** Relative to the folder. */
  readonly target: string;
}

/**
 * The planned ones of the entries. Before anything is written, all are refused when any name leaves
 * the folder, two are to become one file, or the sizes go past the limits.
 *
 * @param where what the entries are of, for errors
 */
export function chooseEntries<E extends Entry>(
  entries: readonly E[],
  where: string,
  plan: UnpackOptions['plan'],
  { maxEntryBytes, maxUnpackedBytes }: UnpackLimits,
): Chosen<E>[] {
  for (const entry of entries) checkName(entry);
  const planned = plan(entries.map(({ name }) => name));
  const chosen: Chosen<E>[] = [];
  const targets = new Set<string>();
  let unpacked = 0;
  for (const entry of entries) {
    const target = planned.get(entry.name);
    if (target === undefined) continue;
    if (entry.bytes > maxEntryBytes) {
      throw mistake(
        `${entry.within}: the entry ${JSON.stringify(entry.name)} has ${entry.bytes} bytes, ` +
          `more than the ${maxEntryBytes} allowed`,
      );
    }
    if (targets.has(target)) throw mistake(`${where}: two entries are to become ${target}`);
    targets.add(target);
    unpacked += entry.bytes;
    if (unpacked > maxUnpackedBytes) {
      throw mistake(
        `${where}: unpacks to more than the ${maxUnpackedBytes} bytes allowed`,
        'Set maxUnpackedBytes of the source higher when that is right.',
      );
    }
    chosen.push({ entry, target });
  }
  return chosen;
}

/**
 * Refuses a name that leaves the folder. The libraries have refused most of these already; our folder
 * is too dear to depend on that alone.
 */
export function checkName({ name, within }: Pick<Entry, 'name' | 'within'>): void {
  const escapes =
    name === '' ||
    name.startsWith('/') ||
    /^[A-Za-z]:/.test(name) ||
    /[\\\0]/.test(name) ||
    name.split('/').includes('..');
  if (escapes) {
    throw mistake(
      `${within}: the entry ${JSON.stringify(name)} would be written outside the folder`,
      'Nothing was unpacked. Do not trust this archive.',
    );
  }
}

export function makeFolders(folder: string, chosen: readonly Chosen<Entry>[]): void {
  for (const parent of new Set(chosen.map(({ target }) => dirname(target)))) {
    mkdirSync(join(folder, parent), { recursive: true });
  }
}
