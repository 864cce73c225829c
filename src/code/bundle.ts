/** Bundles a module with all its local imports, and returns its trace inputs. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '../canonical.js';
import { type Diagnostic, UserError, userError } from '../error.js';
import { lookAlikeHint } from '../pipeline/look-alike.js';
import { STAGE_PROTOCOL } from '../stage/define.js';
import { statIfThere } from '../sys/if-there.js';
import { realPath } from '../sys/real-place.js';
import { CONFIGS, collectInputs } from './collect-inputs.js';
import { type Built, type Esbuild, loadEsbuild, type Message, TARGET } from './esbuild.js';
import { diagnosticOf, unreadableOf, untraceable } from './esbuild-errors.js';
import type { Bundle } from './executable.js';
import { hasOpenImports, importersOf, refuseOutsiders } from './importers.js';
import { type Observed, observe } from './observed.js';
import { packagesOf } from './packages.js';
import { type Links, labelled } from './placeholder.js';
import { tracePlugin, type Unresolved } from './plugin.js';
import { isOutside, upward, within } from './project-paths.js';
import { DEFINES } from './prologue.js';
import { stripped, strippedDigests } from './strip.js';
import type { TimeAt } from './trace-cache.js';
import type { TraceInputs } from './trace-inputs.js';
import type { Traced } from './traced.js';

interface Bundled {
  readonly traced: Traced;
  readonly bundle: Bundle;
  /** Imports that pipe cannot trace. */
  readonly opaque: readonly Diagnostic[];
  /** Undefined if the trace could not be validated later. */
  readonly traceInputs: TraceInputs | undefined;
}

/** `root`: absolute real path. `file`: relative to it. */
export async function bundleModule(root: string, file: string, timeAt: TimeAt): Promise<Bundled> {
  const entry = entryOf(root, file);
  const seen = observe(root);
  const esbuild = await loadEsbuild();
  const moment = performance.now();
  const built = await build(esbuild, entry, seen, 'mistake');
  const importers = importersOf(built.metafile, entry, seen);
  refuseOutsiders(importers, built.metafile, seen);
  const packages = packagesOf(built.metafile, seen);
  const bundle = bundleOf(built, { ...seen.links, ...packages.links });
  const [digest, files] = await Promise.all([
    digestOf(esbuild, bundle),
    strippedDigests(esbuild, importers.keys(), seen),
  ]);
  const code = {
    kind: 'module',
    bundle: digest,
    protocol: STAGE_PROTOCOL,
    packages: packages.versions,
  } as const;
  return {
    traced: { code, files, importers: defined(importers) },
    bundle,
    opaque: opaqueImports(built, seen),
    // Only a new trace can find new matches of an import with an open path.
    traceInputs: hasOpenImports(built.metafile)
      ? undefined
      : collectInputs(file, built.metafile, seen, (dev) => timeAt(dev, moment)),
  };
}

function entryOf(root: string, file: string): string {
  const absolute = path.join(root, file);
  if (!existsSync(absolute)) {
    const hint = lookAlikeHint(root, file) ?? 'create it, or correct the path';
    throw userError('stage-not-found', `the module ${file} does not exist`, hint);
  }
  const entry = within(root, realPath(absolute));
  if (isOutside(entry)) {
    throw userError(
      'import-outside',
      `${file} is a link to ${entry}, outside of the project`,
      'put the file itself there',
    );
  }
  return entry;
}

/** esbuild's messages about imports that are resolved at run time. */
const OPAQUE = ['unsupported-dynamic-import', 'unsupported-require-call', 'indirect-require'];

/** @throws UserError for errors in the code */
export async function build(
  esbuild: Esbuild,
  entry: string,
  seen: Observed,
  unresolved: Unresolved,
): Promise<Built> {
  refuseOddConfigs(path.dirname(path.join(seen.root, entry)), seen.root);
  try {
    return await esbuild.build({
      // With `./`, since a bare name would be a package.
      entryPoints: [`./${entry}`],
      absWorkingDir: seen.root,
      outfile: 'stage.mjs',
      write: false,
      bundle: true,
      metafile: true,
      format: 'esm',
      platform: 'node',
      target: TARGET,
      // As in Node, which ignores `module`, as a field and as a condition.
      mainFields: ['main'],
      conditions: ['module-sync'],
      sourcemap: 'external',
      sourcesContent: false,
      legalComments: 'none',
      treeShaking: true,
      define: DEFINES,
      plugins: [tracePlugin(seen, unresolved)],
      logLevel: 'silent',
      logOverride: Object.fromEntries(OPAQUE.map((id) => [id, 'warning' as const])),
    });
  } catch (error) {
    const { errors } = error as { readonly errors?: readonly Message[] };
    if (errors === undefined) throw error;
    throw new UserError(errors.map((each) => diagnosticOf(each, seen)));
  }
}

/** esbuild opens these by name: it would wait for a named pipe, and read a device forever. */
function refuseOddConfigs(folder: string, root: string): void {
  for (const each of upward(folder)) {
    for (const name of ['package.json', ...CONFIGS]) {
      const file = path.join(each, name);
      const stat = statIfThere(file);
      if (stat === undefined || stat.isFile() || stat.isDirectory()) continue;
      throw new UserError(unreadableOf(`the file ${within(root, file)}`, 'not a file'));
    }
  }
}

function opaqueImports({ warnings }: Built, seen: Observed): Diagnostic[] {
  return warnings.filter(({ id }) => OPAQUE.includes(id)).map((each) => untraceable(each, seen));
}

function bundleOf({ outputFiles }: Built, links: Links): Bundle {
  const [map, text] = outputFiles.map((each) => each.text) as [string, string];
  // A hashbang has no effect in an imported module, and is only valid in its first line.
  return { text: text.replace(/^#![^\n]*/, ''), map, links };
}

/** The bundle without layout and comments, and with labels for paths of this machine. */
async function digestOf(esbuild: Esbuild, { text, links }: Bundle): Promise<string> {
  return sha256(`pipe bundle\n${labelled(await stripped(esbuild, text, 'js'), links)}`);
}

/** Excludes the entry, which has no importer. */
export function defined(
  importers: ReadonlyMap<string, string | undefined>,
): Record<string, string> {
  const known: Record<string, string> = {};
  for (const [file, importer] of importers) if (importer !== undefined) known[file] = importer;
  return known;
}
