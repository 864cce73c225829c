/** Trace cache: returns the code of an unchanged stage without esbuild, synchronously. */
import { sha256 } from '../canonical.js';
import type { Diagnostic } from '../error.js';
import { type Basis, holds } from './basis.js';
import type { Bundle } from './executable.js';
import type { Sight } from './sight.js';

/** Storage of traces. A read returns what was written, or undefined. */
export interface Shelf {
  /** Version of pipe: traces of another version are ignored. */
  readonly version: string;
  /** Converts a moment of performance.now() to a file system's clock; never later than that. */
  readonly timeAt: TimeAt;
  read(name: string): unknown;
  write(name: string, value: unknown): void;
}

export type TimeAt = (dev: number, moment: number) => number;

/** For a trace that is not cached, so that its validity does not matter. */
export const unknownTime: TimeAt = () => Number.NEGATIVE_INFINITY;

/** Format version: traces with another one are ignored. */
const FORMAT = 1;

export interface KeptTrace<T> {
  readonly format: typeof FORMAT;
  readonly basis: Basis;
  readonly traced: T;
  /** Imports that pipe cannot trace: the deps decide whether they are errors. */
  readonly opaque: readonly Diagnostic[];
}

interface KeptBundle {
  readonly format: typeof FORMAT;
  /** Digest of the code, to identify its bundle. */
  readonly digest: string;
  readonly bundle: Bundle;
}

/** The same name whatever the file's content: a new trace replaces the old one. */
export function traceName(
  { version }: Shelf,
  root: string,
  kind: 'module' | 'script',
  file: string,
): string {
  return sha256(JSON.stringify(['trace', FORMAT, version, root, kind, file]));
}

/** Undefined when there is none, or when a trace input changed. */
export function readTrace<T>(shelf: Shelf, name: string, sight: Sight): KeptTrace<T> | undefined {
  const kept = shelf.read(name) as KeptTrace<T> | undefined;
  return kept?.format === FORMAT && holds(kept.basis, sight) ? kept : undefined;
}

/** The trace inputs of an entry file's cached trace, valid or not. */
export function keptBasis(
  shelf: Shelf,
  root: string,
  kind: 'module' | 'script',
  file: string,
): Basis | undefined {
  const kept = shelf.read(traceName(shelf, root, kind, file)) as KeptTrace<unknown> | undefined;
  return kept?.format === FORMAT ? kept.basis : undefined;
}

export function writeTrace<T>(
  shelf: Shelf,
  name: string,
  trace: Omit<KeptTrace<T>, 'format'>,
): void {
  shelf.write(name, { format: FORMAT, ...trace } satisfies KeptTrace<T>);
}

/** Stored apart from the trace, since only an execution reads it. */
export function writeBundle(shelf: Shelf, name: string, digest: string, bundle: Bundle): void {
  shelf.write(`${name}-bundle`, { format: FORMAT, digest, bundle } satisfies KeptBundle);
}

/** Undefined when missing, or when it belongs to another state of the code. */
export function readBundle(shelf: Shelf, name: string, digest: string): Bundle | undefined {
  const kept = shelf.read(`${name}-bundle`) as KeptBundle | undefined;
  return kept?.format === FORMAT && kept.digest === digest ? kept.bundle : undefined;
}

/** Parsed files of a trace, by SHA-256 of their bytes: for the next trace only. */
export function readParsed<T>(shelf: Shelf, name: string): Readonly<Record<string, T>> {
  const kept = shelf.read(`${name}-parsed`) as KeptParsed<T> | undefined;
  return kept?.format === FORMAT ? kept.parsed : {};
}

export function writeParsed<T>(shelf: Shelf, name: string, parsed: KeptParsed<T>['parsed']): void {
  shelf.write(`${name}-parsed`, { format: FORMAT, parsed } satisfies KeptParsed<T>);
}

interface KeptParsed<T> {
  readonly format: typeof FORMAT;
  readonly parsed: Readonly<Record<string, T>>;
}
