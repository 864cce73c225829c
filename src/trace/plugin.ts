/**
 * How imports are taken: local files into the bundle, packages from where they are installed,
 * `pipe/stage` from the tool itself. Resolution is esbuild's, which follows Node and tsconfig.json;
 * what is decided here is on which side of the line the result lies.
 */
import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { sha256 } from '../canonical.js';
import type {
  OnLoadArgs,
  OnLoadResult,
  OnResolveArgs,
  OnResolveResult,
  Plugin,
  PluginBuild,
} from './esbuild.js';
import { isAddon, isScript, loaderOf } from './loaders.js';
import type { Observed } from './observed.js';
import { isOptional, packageName, packageOf, readManifest } from './package.js';
import { isInstalled, upward, within } from './place.js';
import { placeholder } from './placeholder.js';
import { prologueOf, withPrologue } from './prologue.js';

export const STAGE_DOOR = 'pipe/stage';

/** Marks our own question to esbuild, which comes by here too. */
const ASKED = Symbol('asked');

/** Anything but `./x`, `../x`, `/x`. */
const BARE = /^[^./]|^\.{1,2}[^./]/;

export function tracePlugin(seen: Observed): Plugin {
  return {
    name: 'pipe',
    setup(build) {
      build.onResolve({ filter: BARE }, (args) => resolveBare(args, build, seen));
      build.onLoad({ filter: /^pipe-stage$/, namespace: 'pipe-stage' }, stageForRequire);
      build.onLoad({ filter: /.*/, namespace: 'file' }, (args) => load(args, seen));
    },
  };
}

async function resolveBare(
  args: OnResolveArgs,
  build: PluginBuild,
  seen: Observed,
): Promise<OnResolveResult | undefined> {
  const { kind, resolveDir, importer, path: specifier } = args;
  if (args.pluginData === ASKED || kind === 'entry-point') return undefined;
  if (args.namespace === 'pipe-stage') return { path: specifier, external: true };
  if (isBuiltin(specifier)) return { path: withScheme(specifier), external: true };
  if (specifier === STAGE_DOOR) return resolveStageDoor(args, seen);
  const found = await build.resolve(specifier, {
    kind,
    resolveDir,
    importer,
    pluginData: ASKED,
    with: args.with,
  });
  const failed = found.errors.length > 0;
  noteLookup(args, failed ? undefined : found.path, seen);
  if (failed) return resolveAbsent(args, seen);
  if (found.external || found.namespace !== 'file' || !isInstalled(seen.root, found.path)) {
    return { ...found, warnings: [] };
  }
  return { path: notePackage(args, found.path, seen), external: true };
}

/** `fs` and `node:fs` are one. */
function withScheme(specifier: string): string {
  return specifier.startsWith('node:') ? specifier : `node:${specifier}`;
}

/** It is an ES module, so `require` gets it through a bundled one: no Node has to require ES modules. */
function resolveStageDoor({ kind }: OnResolveArgs, seen: Observed): OnResolveResult {
  const name = placeholder('stage', '');
  seen.links[name] = { kind: 'stage', path: '', label: STAGE_DOOR };
  if (kind === 'require-call') return { path: 'pipe-stage', namespace: 'pipe-stage' };
  return { path: name, external: true };
}

function stageForRequire(): OnLoadResult {
  return { contents: `export * from '${placeholder('stage', '')}';`, loader: 'js' };
}

/**
 * A package that cannot be resolved. One that package.json calls optional is left for the code to
 * try; of any other esbuild says whether the code is ready for that.
 */
function resolveAbsent(args: OnResolveArgs, seen: Observed): OnResolveResult | undefined {
  const { path: specifier, kind, resolveDir } = args;
  if (specifier.startsWith('#')) return undefined;
  seen.absent.add(specifier);
  const name = packageName(specifier);
  const awaited = kind === 'dynamic-import' || kind === 'require-call';
  return awaited && isOptional(nearestManifest(resolveDir, seen.root), name)
    ? { path: specifier, external: true }
    : undefined;
}

function nearestManifest(folder: string, root: string) {
  for (const each of upward(folder)) {
    const manifest = readManifest(path.join(each, 'package.json'));
    if (manifest !== undefined || each === root) return manifest;
  }
  return undefined;
}

function noteLookup(args: OnResolveArgs, found: string | undefined, seen: Observed): void {
  const { path: specifier, resolveDir: folder } = args;
  if (specifier.startsWith('#')) return;
  const name = packageName(specifier);
  seen.lookups.set(`${folder}\0${specifier}`, { name, specifier, folder, found });
}

function notePackage(args: OnResolveArgs, file: string, seen: Observed): string {
  const kind =
    args.kind === 'require-call' || args.kind === 'require-resolve' ? 'require' : 'import';
  const name = placeholder(kind, within(seen.root, file));
  const known = seen.packages.get(name);
  const use = known ?? {
    kind,
    file,
    ...packageOf(file),
    specifiers: new Set(),
    importers: new Set(),
  };
  use.specifiers.add(args.path);
  use.importers.add(args.importer);
  seen.packages.set(name, use);
  return name;
}

async function load({ path: file }: OnLoadArgs, seen: Observed): Promise<OnLoadResult> {
  const bytes = await readFile(file);
  const relative = within(seen.root, file);
  if (isAddon(file)) {
    seen.files.set(file, { bytes, prologue: undefined });
    return { contents: addonModule(bytes, relative, seen), loader: 'js' };
  }
  const loader = loaderOf(file);
  const text = isScript(file) ? bytes.toString('utf8') : '';
  const prologue = isScript(file) ? prologueOf(text, relative) : undefined;
  seen.files.set(file, { bytes, prologue });
  if (prologue === undefined) return { contents: bytes, loader };
  Object.assign(seen.links, prologue.links);
  return { contents: withPrologue(text, prologue), loader };
}

/** The bytes count by their digest, as a second, unused argument. */
function addonModule(bytes: Buffer, relative: string, seen: Observed): string {
  const name = placeholder('require', relative);
  seen.links[name] = { kind: 'require', path: relative, label: relative };
  const digest = sha256(bytes.toString('latin1'));
  return `module.exports = ((file, digest) => require('node:module').createRequire(file)(file))('${name}', '${digest}');`;
}
