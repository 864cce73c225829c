/** Project state that saves time or serves explanations: last results, plans, traces, the outs index. */
import type { Stats } from 'node:fs';
import path from 'node:path';
import type { ReadSet } from '../../noop/read-set.js';
import { lstatIfThere, removeFile } from '../../sys/if-there.js';
import { realPlace } from '../../sys/real-place.js';
import type { Usage } from '../../sys/usage.js';
import type { CacheContext } from '../files/cache-context.js';
import { bestEffort } from '../files/file-errors.js';
import { isSettled } from '../files/mtime-granularity.js';
import { writeChecksummed } from '../files/write-whole.js';
import { isInCache } from '../layout.js';
import type { Digest } from '../objects/digest.js';
import { OutsIndex } from './outs-index.js';
import type { Needs } from './pins.js';
import type { RecordedOut, RunRecord } from './record.js';
import { itemFileName, projectName } from './record-names.js';
import { readRunRecord, readSealed, recordPath } from './records.js';
import { noteRun } from './run-needs.js';
import { type EndedNote, isEnded, isWrote, Written, type Wrote } from './written.js';

/** Digest by path. */
export type Matches = Readonly<Record<string, Digest>>;

/** The last result of an item in this project, which `why` compares with. */
export interface LastRun
  extends Pick<RunRecord, 'key' | 'manifest' | 'files' | 'outs' | 'seconds'> {
  /** Matches of pattern deps, by dep name: the digest in the manifest does not name the files. */
  readonly matches?: Readonly<Record<string, Matches>>;
  readonly executed?: Executed | undefined;
}

/** The last execution of an item in this project, if it has no result. */
export interface Attempt {
  readonly key: string;
  /** `begun`: still running, or interrupted. */
  readonly end: 'begun' | 'interrupted' | 'failed';
  /** For a failure. */
  readonly message?: string;
  readonly executed?: Executed | undefined;
}

/** The time and memory that the last process of an item used in this project. */
export interface Executed extends Partial<Usage> {
  /** File name of its log. */
  readonly log: string;
  /** Wall time. */
  readonly seconds: number;
}

/** Data that can be recreated at any time: a checked plan, the trace of a stage's code. */
type KeptKind = 'plans' | 'traces';

export class ProjectState {
  readonly #context: CacheContext;
  readonly #readSet: ReadSet;
  #folder: string | undefined;
  #outs: OutsIndex | undefined;
  #written: Written | undefined;

  constructor(context: CacheContext, readSet: ReadSet) {
    this.#context = context;
    this.#readSet = readSet;
  }

  /** The project's folder in the cache. */
  get folder(): string {
    const { layout } = this.#context;
    this.#folder ??= path.join(layout.projects, projectName(layout));
    return this.#folder;
  }

  readLast(item: string): LastRun | undefined {
    return this.#readOf('items', item, `the last result of ${item}`) as LastRun | undefined;
  }

  writeLast(item: string, run: LastRun): void {
    const { key, manifest, files, outs, matches, seconds, executed } = run;
    const last = { key, manifest, files, outs, matches, seconds, executed };
    writeChecksummed(this.#file('items', item), last, this.#context.scratch, 'expendable');
  }

  readAttempt(item: string): Attempt | undefined {
    return this.#readOf('attempts', item, `the last execution of ${item}`) as Attempt | undefined;
  }

  /** Undefined if the execution has a result. */
  writeAttempt(item: string, attempt: Attempt | undefined): void {
    const file = this.#file('attempts', item);
    if (attempt === undefined) {
      this.#context.scratch.fence.check(path.dirname(file));
      removeFile(file);
    } else this.#write(file, attempt, 'outcomes of executions are not saved');
  }

  /** What pipe last wrote at a path outside `cache/out/`; undefined if nothing. */
  wrote(out: string): Wrote | undefined {
    const file = this.#outsWritten.has(out) ? this.#outsWritten.fileOf(out) : undefined;
    if (file === undefined) return undefined;
    const { layout } = this.#context;
    this.#readSet.recordLstat(file, lstatIfThere(file));
    const body = this.#read(file, `the note of out ${out}`);
    if (!isEnded(body)) return isWrote(body) ? body : undefined;
    const now = lstatIfThere(path.join(layout.project, out));
    this.#readSet.recordLstat(out, now);
    // Files put there later are the user's.
    return now?.ctimeMs === body.ctimeMs ? 'ended' : undefined;
  }

  /** An execution without a result no longer writes there. */
  noteEnded(out: string): void {
    if (this.wrote(out) !== 'begun') return;
    const left = lstatIfThere(path.join(this.#context.layout.project, out));
    const file = this.#outsWritten.fileOf(out) as string;
    if (left !== undefined) {
      const ended: EndedNote = { ctimeMs: left.ctimeMs };
      this.#write(file, ended, 'outs outside cache/ are not noted');
    } else {
      removeFile(file);
      this.#outsWritten.remove(out);
    }
  }

  /** An execution is about to write there. */
  noteBegun(out: string): void {
    this.setWrote(out, 'begun');
  }

  setWrote(out: string, wrote: Exclude<Wrote, 'ended'>): void {
    // Inside `cache/`, only links need a note, because the user may have made them.
    const needsNote = !isInCache(out) || wrote.startsWith('l:');
    const file = this.#outsWritten.fileOf(out);
    if (file === undefined || !(needsNote || this.#outsWritten.has(out))) return;
    this.#write(file, wrote, 'outs outside cache/ are not noted');
    this.#outsWritten.add(out);
  }

  /** Paths below the folder that pipe has ever written. */
  wroteBelow(folder: string): readonly string[] {
    return this.#outsWritten.below(folder);
  }

  readKept(kind: KeptKind, name: string): unknown {
    const file = this.#keptFile(kind, name);
    const stat = lstatIfThere(file);
    if (stat === undefined || !isOurs(stat)) return undefined;
    return this.#read(file, `${kind}/${name}`);
  }

  writeKept(kind: KeptKind, name: string, value: unknown): void {
    const file = this.#keptFile(kind, name);
    this.#write(file, value, `${kind} are not saved`);
  }

  /** The index of results. It contains rows of removed records, so it is replaced atomically. */
  readResults(): unknown {
    return this.#read(this.#resultsFile, 'the index of results');
  }

  writeResults(body: unknown): void {
    const { scratch, warn } = this.#context;
    bestEffort('the index of results is not saved', warn, () =>
      writeChecksummed(this.#resultsFile, body, scratch, 'atomic'),
    );
  }

  /** The outs of a record, from the outs index if the record's file is unchanged. */
  outs(key: string): readonly RecordedOut[] | undefined {
    const { layout, scratch, warn } = this.#context;
    const file = recordPath(layout.records, key);
    const stat = lstatIfThere(file);
    this.#readSet.recordLstat(file, stat);
    if (stat === undefined) return undefined;
    this.#outs ??= new OutsIndex(this.#read(this.#outsFile, 'the index of outs'));
    const known = this.#outs.outs(key, stat);
    if (known !== undefined) return known;
    const started = scratch.clocks.timeAt(stat.dev, performance.now());
    const outs = readRunRecord(layout.records, key, warn)?.outs;
    // A record written within the tick could be replaced by one with the same stat.
    if (outs !== undefined && isSettled(stat, started)) this.#outs.note(key, stat, outs);
    return outs;
  }

  noteRun(needs: Needs): void {
    const { layout, scratch, warn } = this.#context;
    const root = realPlace(layout.project);
    bestEffort('a later `pipe cache gc` cannot see what this run needed', warn, () =>
      noteRun(this.folder, root, needs, scratch),
    );
  }

  close(): void {
    if (!this.#outs?.dirty) return;
    this.#write(this.#outsFile, this.#outs.encode(), 'the index of outs is not saved');
    this.#outs = undefined;
  }

  /** Few items have both files, and the stat of an absent file costs a quarter of an attempt to read it. */
  #readOf(kind: 'items' | 'attempts', item: string, what: string): unknown {
    const file = this.#file(kind, item);
    return lstatIfThere(file) === undefined ? undefined : this.#read(file, what);
  }

  #read(file: string, what: string): unknown {
    return readSealed(file, what, this.#context.warn);
  }

  /** If the folder is read-only, that only costs time. */
  #write(file: string, body: unknown, without: string): void {
    const { scratch, readOnly, warn } = this.#context;
    if (readOnly) return;
    bestEffort(without, warn, () => writeChecksummed(file, body, scratch, 'expendable'));
  }

  get #outsWritten(): Written {
    this.#written ??= new Written(path.join(this.folder, 'written'), this.#readSet);
    return this.#written;
  }

  /** Users of a shared cache have separate files, because a plan decides what is executed. */
  #keptFile(kind: KeptKind, name: string): string {
    return path.join(this.#context.layout[kind], `${name}-${process.getuid?.() ?? 'own'}.json`);
  }

  get #resultsFile(): string {
    return path.join(this.folder, 'results.json');
  }

  get #outsFile(): string {
    return path.join(this.folder, 'ledger.json');
  }

  #file(kind: 'items' | 'attempts', item: string): string {
    return path.join(this.folder, kind, itemFileName(item));
  }
}

/** True if only this user has written the file: others may write to a shared cache. */
function isOurs(stat: Stats): boolean {
  const own = process.getuid?.();
  return stat.isFile() && (own === undefined || stat.uid === own) && (stat.mode & 0o022) === 0;
}
