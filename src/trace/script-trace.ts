/** A JavaScript or TypeScript file that a command names, with all that it imports locally. */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { type Place, UserError } from '../error.js';
import type { Basis } from './basis.js';
import { build, defined } from './bundle.js';
import { type Built, loadEsbuild } from './esbuild.js';
import { basisOf } from './foundation.js';
import { hasOpenImports, importersOf } from './graph.js';
import type { TimeAt } from './kept.js';
import { type Observed, observe } from './observed.js';
import { packagesOf } from './packages.js';
import { within } from './place.js';
import { hexOfBytes } from './sight.js';

export interface TracedScript {
  /** SHA-256 of the bytes of each local file. */
  readonly files: Readonly<Record<string, string>>;
  /** Of Python files the SHA-256 of their code, which counts in place of the bytes. */
  readonly code?: Readonly<Record<string, string>>;
  /** For each of them but the script itself the file by which it is reached. */
  readonly importers: Readonly<Record<string, string>>;
  /** Version by name. */
  readonly packages: Readonly<Record<string, string>>;
  /** Top-level names that Python files import and that are not local: of the standard library or installed. */
  readonly external?: readonly string[];
  /** Of Python files what they load in ways that cannot be followed. */
  readonly opaque?: readonly Untraced[];
}

/** Code that is loaded in a way that cannot be followed. */
export interface Untraced {
  readonly message: string;
  readonly place: Place;
}

export interface ScriptTrace {
  readonly traced: TracedScript;
  /** Undefined when it cannot be told later whether the trace still holds. */
  readonly basis: Basis | undefined;
}

/** A script is for its own runtime to judge: what esbuild does not understand of it is no mistake. */
export async function traceScript(
  root: string,
  file: string,
  timeAt: TimeAt,
): Promise<ScriptTrace> {
  const entry = within(root, realpathSync(path.join(root, file)));
  const seen = observe(root);
  const moment = performance.now();
  const built = await tryBuild(entry, seen);
  const traced: TracedScript = {
    files: bytesDigests(seen),
    importers: built ? defined(importersOf(built.metafile, entry, seen)) : {},
    packages: built ? packagesOf(built.metafile, seen).versions : {},
  };
  if (built === undefined || hasOpenImports(built.metafile)) return { traced, basis: undefined };
  const basis = basisOf(file, built.metafile, seen, (dev) => timeAt(dev, moment));
  return { traced, basis };
}

async function tryBuild(entry: string, seen: Observed): Promise<Built | undefined> {
  try {
    return await build(await loadEsbuild(), entry, seen, 'left');
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function bytesDigests({ root, files }: Observed): Record<string, string> {
  const digests = [...files].map(([file, { bytes }]) => [within(root, file), hexOfBytes(bytes)]);
  return Object.fromEntries(digests) as Record<string, string>;
}
