/** Trace cache: returns the code of an unchanged stage without esbuild, synchronously. */
import { sha256 } from '../canonical.js';
import type { Diagnostic } from '../error.js';
import type { Bundle } from './executable.js';
import type { FsSnapshot } from './fs-snapshot.js';
import { holds, type TraceInputs } from './trace-inputs.js';

/** Storage of traces. A read returns what was written, or undefined. */
export interface TraceCache {
  /** Of pipe: traces of another build are not found. */
  readonly build: string;
  /** Converts a moment of performance.now() to a file system's clock; never later than that. */
  readonly timeAt: TimeAt;
  read(name: string): unknown;
  write(name: string, value: unknown): void;
}

export type TimeAt = (dev: number, moment: number) => number;

interface KeptTrace<T> {
  readonly traceInputs: TraceInputs;
  readonly traced: T;
  /** Imports that pipe cannot trace: the deps decide whether they are errors. */
  readonly opaque: readonly Diagnostic[];
}

interface KeptBundle {
  /** Digest of the code, to identify its bundle. */
  readonly digest: string;
  readonly bundle: Bundle;
}

/** The stored trace of an entry file: the module of a stage, or a script of a command. */
export class StoredTrace<T> {
  readonly #traceCache: TraceCache;
  /** Does not depend on the file's content, so that a new trace replaces the old one. */
  readonly #name: string;

  constructor(traceCache: TraceCache, root: string, kind: 'module' | 'script', file: string) {
    this.#traceCache = traceCache;
    this.#name = sha256(JSON.stringify(['trace', traceCache.build, root, kind, file]));
  }

  /** Undefined if there is none, or if a trace input changed. */
  read(snapshot: FsSnapshot): KeptTrace<T> | undefined {
    const kept = this.#kept;
    return kept !== undefined && holds(kept.traceInputs, snapshot) ? kept : undefined;
  }

  write(trace: KeptTrace<T>): void {
    this.#traceCache.write(this.#name, trace);
  }

  /** The trace inputs, valid or not. */
  get inputs(): TraceInputs | undefined {
    return this.#kept?.traceInputs;
  }

  get #kept(): KeptTrace<T> | undefined {
    return this.#traceCache.read(this.#name) as KeptTrace<T> | undefined;
  }

  /** Undefined if missing, or if it belongs to another state of the code. */
  readBundle(digest: string): Bundle | undefined {
    const kept = this.#traceCache.read(`${this.#name}-bundle`) as KeptBundle | undefined;
    return kept?.digest === digest ? kept.bundle : undefined;
  }

  /** Stored separately from the trace, because only an execution reads it. */
  writeBundle(digest: string, bundle: Bundle): void {
    this.#traceCache.write(`${this.#name}-bundle`, { digest, bundle } satisfies KeptBundle);
  }

  /** Parsed files of the trace, by SHA-256 of their bytes: for the next trace only. */
  readParsed<P>(): Parsed<P> {
    const kept = this.#traceCache.read(`${this.#name}-parsed`);
    return (kept as { parsed: Parsed<P> } | undefined)?.parsed ?? {};
  }

  writeParsed<P>(parsed: Parsed<P>): void {
    this.#traceCache.write(`${this.#name}-parsed`, { parsed });
  }
}

type Parsed<P> = Readonly<Record<string, P>>;
