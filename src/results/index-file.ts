/**
 * The index of results: a row for each record that this project's cache has or had. It is created
 * on first use, and updated before gc removes records, so that their rows are kept.
 */
import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import type { Cache } from '../cache/cache.js';
import { reasonOf } from '../cache/files/file-errors.js';
import type { RunRecord } from '../cache/records/record.js';
import { recordPath } from '../cache/records/records.js';
import type { Project } from '../decide/project.js';
import { addTo, getOrMake } from '../lists.js';
import { acquireLock } from '../process/file-lock.js';
import { lstatIfThere, namesIn } from '../sys/if-there.js';
import { usageOf } from '../sys/usage.js';
import { type Measured, Measures } from './measures.js';
import { definitionOf, type ResultRow } from './row.js';

/** Inode, size and birth time. Using a record changes its other times. */
type Stamp = readonly [number, number, number];

interface IndexedRow extends Omit<ResultRow, 'state' | 'upstream' | 'command' | 'args'>, Measured {
  /** Index in `commands`; absent for a module. */
  readonly command?: number;
  /** The stamp of the record's file; undefined if the file is gone. */
  readonly stamp?: Stamp | undefined;
}

/** Rows oldest first, and the commands that they share. */
interface Indexed {
  readonly rows: readonly IndexedRow[];
  readonly commands: readonly (string | readonly string[])[];
}

interface Body extends Indexed {
  readonly format: 2;
  /** Id of this version of the index; absent before the first write. */
  readonly id?: string;
  /** Times and inode of each folder of records when it was read, by name. */
  readonly shards: Readonly<Record<string, readonly number[]>>;
}

/** A folder that changed this recently before it was read may have changed again with the same times. */
const SETTLED_MS = 5_000;

const NEVER = new AbortController().signal;

/** Writes the index if it changed. */
export async function indexedResults(
  project: Project,
  signal: AbortSignal = NEVER,
): Promise<Indexed> {
  const { cache } = project;
  const known = bodyOf(cache.state.readResults());
  const first = updated(project, known);
  if (first === undefined) return known;
  if (cache.isReadOnly) return first;
  // The row of a removed record exists only here. So writers take turns, and each starts from what
  // the last one wrote.
  const lock = await acquireLock(cache.layout.locks, 'results', { doing: 'results', signal });
  try {
    const last = bodyOf(cache.state.readResults());
    const body = last.id === known.id ? first : updated(project, last);
    if (body !== undefined) cache.state.writeResults(body);
    return body ?? last;
  } finally {
    lock.release();
  }
}

/** The index for a reader, which may lack the permission or the disk space to write the index. */
export async function resultsNow(
  project: Project,
  warn: (message: string) => void,
): Promise<Indexed> {
  try {
    return await indexedResults(project);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    warn(`the index of results is not saved (${reasonOf(error)})`);
    const known = bodyOf(project.cache.state.readResults());
    return updated(project, known) ?? known;
  }
}

/** Undefined if nothing changed. */
function updated(project: Project, last: Body): Body | undefined {
  const { shards: known, rows } = last;
  const { cache } = project;
  const update = new Update(project, last);
  const shards: Record<string, readonly number[]> = {};
  const byShard = new Map<string, IndexedRow[]>();
  for (const row of rows) addTo(byShard, row.key.slice(0, 2), row);
  const names = namesIn(cache.layout.records);
  for (const name of new Set([...names, ...byShard.keys()])) {
    const folder = `${cache.layout.records}/${name}`;
    const stat = lstatIfThere(folder);
    const started = stat === undefined ? 0 : cache.timeAt(stat.dev, performance.now());
    const there = byShard.get(name) ?? [];
    const stamp = stat && [stat.mtimeMs, stat.ctimeMs, stat.ino];
    if (stamp !== undefined && stat !== undefined && stat.mtimeMs < started - SETTLED_MS)
      shards[name] = stamp;
    if (stamp !== undefined && isSame(stamp, known[name])) update.measureAgain(there);
    else update.readShard(namesIn(folder), there);
  }
  if (!update.isChanged && JSON.stringify(shards) === JSON.stringify(known)) return undefined;
  const now = [...update.rows].sort((a, b) => a.when - b.when || (a.key < b.key ? -1 : 1));
  return { format: 2, id: randomUUID(), shards, rows: now, commands: update.commands };
}

class Update {
  readonly rows: IndexedRow[] = [];
  readonly commands: (string | readonly string[])[];
  isChanged = false;
  readonly #cache: Cache;
  readonly #before: ReadonlyMap<string, IndexedRow>;
  readonly #measures: Measures;
  /** Index in `commands`, by command as JSON. */
  readonly #indexOf: Map<string, number>;

  constructor(project: Project, { rows, commands }: Indexed) {
    this.#cache = project.cache;
    this.#before = new Map(rows.map((row) => [row.key, row]));
    this.#measures = new Measures(project);
    this.commands = [...commands];
    this.#indexOf = new Map(commands.map((command, index) => [JSON.stringify(command), index]));
  }

  /** The records are unchanged: only the choice of metrics may have changed. */
  measureAgain(rows: readonly IndexedRow[]): void {
    for (const row of rows) this.#keep(row, row.stamp);
  }

  readShard(names: readonly string[], rows: readonly IndexedRow[]): void {
    const found = new Set<string>();
    for (const name of names) {
      const key = name.slice(0, -'.json'.length);
      if (!/^[0-9a-f]{64}\.json$/.test(name)) continue;
      found.add(key);
      const row = this.#before.get(key);
      if (row === undefined) this.#read(key, row);
      else {
        const stat = lstatIfThere(recordPath(this.#cache.layout.records, key));
        this.#keep(row, stat && stampOf(stat));
      }
    }
    for (const row of rows) if (!found.has(row.key)) this.#keep(row, undefined);
  }

  #keep(row: IndexedRow, stamp: Stamp | undefined): void {
    const isKnown = isSame(stamp, row.stamp);
    if (isKnown && (stamp === undefined || row.measured === this.#measures.nameFor(row.item)))
      this.rows.push(row);
    else this.#read(row.key, row);
  }

  #read(key: string, row: IndexedRow | undefined): void {
    const file = this.#cache.readRecordFile(key);
    this.isChanged = true;
    // Keeps the earlier row of an invalid record, as for a removed one.
    if (file?.record !== undefined) {
      const { record, stat } = file;
      const read = rowOf(record, stat, this.#measures.of(record), row);
      this.rows.push(Object.assign(read, this.#commandOf(record)));
    } else if (row !== undefined) this.rows.push({ ...row, stamp: undefined });
  }

  #commandOf({ manifest: { code } }: RunRecord): Pick<IndexedRow, 'command'> {
    if (code.kind === 'module') return {};
    const text = JSON.stringify(code.command);
    return { command: getOrMake(this.#indexOf, text, () => this.commands.push(code.command) - 1) };
  }
}

function rowOf(
  record: RunRecord,
  stat: Stats,
  measured: Measured,
  before: IndexedRow | undefined,
): IndexedRow {
  const { key, item, outs, seconds } = record;
  const stamp = stampOf(stat);
  // The files may be missing or damaged now.
  const isMeasured = before === undefined || Object.keys(measured.metrics).length > 0;
  return {
    key,
    item,
    ...definitionOf(record, item),
    // Without a birth time, a record that was used since looks newer.
    when: before !== undefined && isSame(stamp, before.stamp) ? before.when : timeOf(stat),
    seconds,
    ...usageOf(record),
    bytes: outs.reduce((sum, { size }) => sum + size, 0),
    ...measured,
    metrics: isMeasured ? measured.metrics : before.metrics,
    stamp,
  };
}

/** Using a record renews the other times; a copy of the cache has another birth time. */
function timeOf({ birthtimeMs, mtimeMs }: Stats): number {
  return Math.round(birthtimeMs > 0 ? Math.min(birthtimeMs, mtimeMs) : mtimeMs);
}

function stampOf({ ino, size, birthtimeMs }: Stats): Stamp {
  return [ino, size, birthtimeMs];
}

function isSame(a: readonly number[] | undefined, b: readonly number[] | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.every((each, at) => each === b[at]));
}

/** Anything other than an index in this format counts as an empty index. */
function bodyOf(body: unknown): Body {
  const known = body as Partial<Body> | undefined;
  return known?.format === 2 ? (known as Body) : { format: 2, shards: {}, rows: [], commands: [] };
}
