/** Kept traces: the code of an unchanged stage is known without esbuild, synchronously. */
import { sha256 } from '../canonical.js';
import type { Diagnostic } from '../error.js';
import { type Basis, holds } from './basis.js';
import type { Bundle } from './executable.js';
import type { Sight } from './sight.js';

/** Where traces are kept. What is read is as it was written, or undefined. */
export interface Shelf {
  /** Version of the tool: what another one kept does not count. */
  readonly version: string;
  /** What the clock of a file system said at a moment of performance.now(); never later than that. */
  readonly timeAt: TimeAt;
  read(name: string): unknown;
  write(name: string, value: unknown): void;
}

export type TimeAt = (dev: number, moment: number) => number;

/** For a trace that is not kept: nobody asks whether it would last. */
export const unknownTime: TimeAt = () => Number.NEGATIVE_INFINITY;

/** Another number: trace anew. */
const FORMAT = 1;

export interface KeptTrace<T> {
  readonly format: typeof FORMAT;
  readonly basis: Basis;
  readonly traced: T;
  /** Imports that cannot be traced: whether they are an error is for the deps to say. */
  readonly opaque: readonly Diagnostic[];
}

interface KeptBundle {
  readonly format: typeof FORMAT;
  /** Its digest: whose bundle it is. */
  readonly digest: string;
  readonly bundle: Bundle;
}

/** One name for an entry file, whatever its content: a new trace takes the place of the old one. */
export function traceName(
  { version }: Shelf,
  root: string,
  kind: 'module' | 'script',
  file: string,
): string {
  return sha256(JSON.stringify(['trace', FORMAT, version, root, kind, file]));
}

/** Undefined when there is none, or when anything that it rests on is not as it was. */
export function readTrace<T>(shelf: Shelf, name: string, sight: Sight): KeptTrace<T> | undefined {
  const kept = shelf.read(name) as KeptTrace<T> | undefined;
  return kept?.format === FORMAT && holds(kept.basis, sight) ? kept : undefined;
}

/** What the kept trace of an entry file rests on, whether or not it still holds. */
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

/** Apart from the trace, since it is read only when the stage is executed. */
export function writeBundle(shelf: Shelf, name: string, digest: string, bundle: Bundle): void {
  shelf.write(`${name}-bundle`, { format: FORMAT, digest, bundle } satisfies KeptBundle);
}

/** Undefined when it is not there, or is that of another state of the code. */
export function readBundle(shelf: Shelf, name: string, digest: string): Bundle | undefined {
  const kept = shelf.read(`${name}-bundle`) as KeptBundle | undefined;
  return kept?.format === FORMAT && kept.digest === digest ? kept.bundle : undefined;
}

/** Parsed files of a trace by the SHA-256 of their bytes: read only when it is made anew. */
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
