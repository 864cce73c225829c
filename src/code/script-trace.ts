/** Traces a JavaScript or TypeScript file that a command names, with its local imports. */
import path from 'node:path';
import { sha256 } from '../canonical.js';
import { type Place, UserError } from '../error.js';
import { realPath } from '../sys/real-place.js';
import { build, defined } from './bundle.js';
import { collectInputs } from './collect-inputs.js';
import { type Built, EsbuildEnded, loadEsbuild } from './esbuild.js';
import { hasOpenImports, importersOf } from './importers.js';
import type { NamedScripts } from './named.js';
import { type Observed, observe } from './observed.js';
import { packagesOf } from './packages.js';
import { within } from './project-paths.js';
import type { TimeAt } from './trace-cache.js';
import type { TraceInputs } from './trace-inputs.js';

export interface TracedScript {
  /** SHA-256 of the bytes of each local file. */
  readonly files: Readonly<Record<string, string>>;
  /** For Python files, the SHA-256 of their code, which replaces the bytes in the key. */
  readonly code?: Readonly<Record<string, string>>;
  /** The importing file, for each of them except the script itself. */
  readonly importers: Readonly<Record<string, string>>;
  /** Version by name. */
  readonly packages: Readonly<Record<string, string>>;
  /** Top-level names of Python imports that are not local: standard library or installed. */
  readonly external?: readonly string[];
  /** Dynamic loads in Python files that pipe cannot follow. */
  readonly opaque?: readonly Untraced[];
  /** Scripts that this one starts, with the file that starts them. */
  readonly starts?: readonly StartedScripts[];
}

export interface StartedScripts {
  readonly named: NamedScripts;
  readonly by: string;
}

/** Code loaded in a way that pipe cannot follow. */
export interface Untraced {
  readonly message: string;
  /** Configurations that it reads: a dep that contains them covers it, and code does not. */
  readonly folder?: string;
  /** Absent if the command itself starts the script. */
  readonly place?: Pick<Place, 'file'> & Partial<Place>;
}

export interface ScriptTrace {
  readonly traced: TracedScript;
  /** Undefined when the trace could not be validated later. */
  readonly traceInputs: TraceInputs | undefined;
}

/** Code that esbuild does not understand is not an error: the script's own runtime decides. */
export async function traceScript(
  root: string,
  file: string,
  timeAt: TimeAt,
): Promise<ScriptTrace> {
  const entry = within(root, realPath(path.join(root, file)));
  const seen = observe(root);
  const moment = performance.now();
  const built = await tryBuild(entry, seen);
  const traced: TracedScript = {
    files: bytesDigests(seen),
    importers: built ? defined(importersOf(built.metafile, entry, seen)) : {},
    packages: built ? packagesOf(built.metafile, seen).versions : {},
  };
  if (built === undefined || hasOpenImports(built.metafile))
    return { traced, traceInputs: undefined };
  const traceInputs = collectInputs(file, built.metafile, seen, (dev) => timeAt(dev, moment));
  return { traced, traceInputs };
}

async function tryBuild(entry: string, seen: Observed): Promise<Built | undefined> {
  try {
    return await build(await loadEsbuild(), entry, seen, 'left');
  } catch (error) {
    if (error instanceof EsbuildEnded || !(error instanceof UserError)) throw error;
    return undefined;
  }
}

function bytesDigests({ root, files }: Observed): Record<string, string> {
  const digests = [...files].map(([file, { bytes }]) => [within(root, file), sha256(bytes)]);
  return Object.fromEntries(digests) as Record<string, string>;
}
