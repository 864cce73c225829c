/** The code of a `run:` stage: one bundle of all that it imports locally, and the packages that it uses. */
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '../canonical.js';
import { type Diagnostic, UserError, userError } from '../error.js';
import type { ModuleCode } from '../manifest.js';
import { STAGE_PROTOCOL } from '../stage/define.js';
import { type Built, type Esbuild, loadEsbuild, type Message, TARGET } from './esbuild.js';
import { type Bundle, executable } from './executable.js';
import { importersOf, refuseOutsiders } from './graph.js';
import { diagnosticOf, untraceable } from './mistakes.js';
import { type Observed, observe } from './observed.js';
import { requireCovered } from './opaque.js';
import { packagesOf } from './packages.js';
import { isOutside, within } from './place.js';
import { type Links, labelled } from './placeholder.js';
import { tracePlugin } from './plugin.js';
import { DEFINES } from './prologue.js';
import { strippedDigests } from './strip.js';

export interface TraceOptions {
  /** Absolute path of the module that `pipe/stage` stands for: the tool's own dist/stage.js. */
  readonly stageDoor: string;
  /** Paths and patterns of the stage's deps: they may cover an import that cannot be traced. */
  readonly deps: readonly string[];
}

/** What is known of a stage's code. */
export interface Traced {
  /** Of the manifest's code all but the matrix. */
  readonly code: Omit<ModuleCode, 'matrix'>;
  /** Local files by path relative to the project, with the digest of each one's own stripped text. */
  readonly files: Readonly<Record<string, string>>;
  /** For each of them but the entry the file by which the entry reaches it. */
  readonly importers: Readonly<Record<string, string>>;
}

export interface TracedModule extends Traced {
  /** An ES module that runs from any folder of this machine, with its source map. */
  readonly executable: string;
}

/**
 * Traces the module `file` (relative to `project`, an absolute path).
 *
 * @throws UserError for mistakes in the code, all at once
 */
export async function traceModule(
  project: string,
  file: string,
  options: TraceOptions,
): Promise<TracedModule> {
  const { traced, bundle, seen } = await bundleModule(project, file, options.deps);
  return { ...traced, executable: executable(bundle, { ...options, root: seen.root }) };
}

export interface Bundled {
  readonly traced: Traced;
  readonly bundle: Bundle;
  readonly seen: Observed;
}

export async function bundleModule(
  project: string,
  file: string,
  deps: readonly string[],
): Promise<Bundled> {
  const root = realpathSync(project);
  const entry = entryOf(root, file);
  const seen = observe(root);
  const esbuild = await loadEsbuild();
  const built = await build(esbuild, entry, seen);
  const importers = importersOf(built.metafile, entry, seen);
  refuseOutsiders(importers, built.metafile, seen);
  requireCovered(opaqueImports(built, seen), deps, root);
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
  return { traced: { code, files, importers: defined(importers) }, bundle, seen };
}

function entryOf(root: string, file: string): string {
  const absolute = path.join(root, file);
  if (!existsSync(absolute)) {
    throw userError('stage-not-found', `there is no ${file}`, 'create it, or correct `run:`');
  }
  const entry = within(root, realpathSync(absolute));
  if (isOutside(entry)) {
    throw userError('import-outside', `${file} is a link to ${entry}, outside of the project`);
  }
  return entry;
}

/** Messages of esbuild about imports that it leaves to the run. */
const OPAQUE = ['unsupported-dynamic-import', 'unsupported-require-call', 'indirect-require'];

async function build(esbuild: Esbuild, entry: string, seen: Observed): Promise<Built> {
  try {
    return await esbuild.build({
      // With `./`, since a name alone would be a package.
      entryPoints: [`./${entry}`],
      absWorkingDir: seen.root,
      outfile: 'stage.mjs',
      write: false,
      bundle: true,
      metafile: true,
      format: 'esm',
      platform: 'node',
      target: TARGET,
      // As Node resolves, which knows no `module`, neither as a field nor as a condition.
      mainFields: ['main'],
      conditions: ['module-sync'],
      sourcemap: 'external',
      sourcesContent: false,
      legalComments: 'none',
      treeShaking: true,
      define: DEFINES,
      plugins: [tracePlugin(seen)],
      logLevel: 'silent',
      logOverride: Object.fromEntries(OPAQUE.map((id) => [id, 'warning' as const])),
    });
  } catch (error) {
    const { errors } = error as { readonly errors?: readonly Message[] };
    if (errors === undefined) throw error;
    throw new UserError(errors.map((each) => diagnosticOf(each, seen)));
  }
}

function opaqueImports({ warnings }: Built, seen: Observed): Diagnostic[] {
  return warnings.filter(({ id }) => OPAQUE.includes(id)).map((each) => untraceable(each, seen));
}

function bundleOf({ outputFiles }: Built, links: Links): Bundle {
  const [map, text] = outputFiles.map((each) => each.text) as [string, string];
  // A hashbang means nothing to an imported module, and may stand in its first line only.
  return { text: text.replace(/^#![^\n]*/, ''), map, links };
}

/** Layout and the last comments go; what stands for places of this machine gets its name. */
async function digestOf(esbuild: Esbuild, { text, links }: Bundle): Promise<string> {
  const { code } = await esbuild.transform(text, {
    loader: 'js',
    target: TARGET,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'silent',
  });
  return sha256(`pipe bundle\n${labelled(code, links)}`);
}

function defined(importers: ReadonlyMap<string, string | undefined>): Record<string, string> {
  const known: Record<string, string> = {};
  for (const [file, importer] of importers) if (importer !== undefined) known[file] = importer;
  return known;
}
