/** Trace cache: returns the code of an unchanged stage without esbuild, synchronously. */
import { sha256 } from '../canonical.js';
import type { Diagnostic } from '../error.js';
import type { Bundle } from './executable.js';
import type { FsSnapshot } from './fs-snapshot.js';
import { holds, type TraceInputs } from './trace-inputs.js';

/** Storage of traces. A read returns what was written, or undefined. */
export interface TraceCache {
  /** Version of pipe: traces of another version are ignored. */
  readonly version: string;
  /** Converts a moment of performance.now() to a file system's clock; never later than that. */
  readonly timeAt: TimeAt;
  read(name: string): unknown;
  write(name: string, value: unknown): void;
}

export type TimeAt = (dev: number, moment: number) => number;

/** For a trace that is not cached, whose validity does not matter. */
export const unknownTime: TimeAt = () => Number.NEGATIVE_INFINITY;

/** Format version, part of each name: traces with another one are not found. */
const FORMAT = 5;

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

/** The name does not depend on the file's content, so that a new trace replaces the old one. */
export function traceName(
  { version }: TraceCache,
  root: string,
  kind: 'module' | 'script',
  file: string,
): string {
  return sha256(JSON.stringify(['trace', FORMAT, version, root, kind, file]));
}

/** Undefined if there is none, or if a trace input changed. */
export function readTrace<T>(
  traceCache: TraceCache,
  name: string,
  snapshot: FsSnapshot,
): KeptTrace<T> | undefined {
  const kept = traceCache.read(name) as KeptTrace<T> | undefined;
  return kept !== undefined && holds(kept.traceInputs, snapshot) ? kept : undefined;
}

/** The trace inputs of an entry file's cached trace, valid or not. */
export function storedTraceInputs(
  traceCache: TraceCache,
  root: string,
  kind: 'module' | 'script',
  file: string,
): TraceInputs | undefined {
  const kept = traceCache.read(traceName(traceCache, root, kind, file));
  return (kept as KeptTrace<unknown> | undefined)?.traceInputs;
}

export function writeTrace<T>(traceCache: TraceCache, name: string, trace: KeptTrace<T>): void {
  traceCache.write(name, trace);
}

/** Stored separately from the trace, because only an execution reads it. */
export function writeBundle(
  traceCache: TraceCache,
  name: string,
  digest: string,
  bundle: Bundle,
): void {
  traceCache.write(`${name}-bundle`, { digest, bundle } satisfies KeptBundle);
}

/** Undefined if missing, or if it belongs to another state of the code. */
export function readBundle(
  traceCache: TraceCache,
  name: string,
  digest: string,
): Bundle | undefined {
  const kept = traceCache.read(`${name}-bundle`) as KeptBundle | undefined;
  return kept?.digest === digest ? kept.bundle : undefined;
}

/** Parsed files of a trace, by SHA-256 of their bytes: for the next trace only. */
export function readParsed<T>(traceCache: TraceCache, name: string): Parsed<T> {
  return (traceCache.read(`${name}-parsed`) as { parsed: Parsed<T> } | undefined)?.parsed ?? {};
}

export function writeParsed<T>(traceCache: TraceCache, name: string, parsed: Parsed<T>): void {
  traceCache.write(`${name}-parsed`, { parsed });
}

type Parsed<T> = Readonly<Record<string, T>>;
