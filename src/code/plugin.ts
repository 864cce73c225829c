/**
 * esbuild plugin for imports: bundles local files, leaves packages external, and maps
 * `pipe-run/stage` to pipe's own module. esbuild resolves, following Node and tsconfig.json.
 */
import { readFile, stat } from 'node:fs/promises';
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
import { placeholder } from './placeholder.js';
import { isInstalled, upward, within } from './project-paths.js';
import { prologueOf, withPrologue } from './prologue.js';

/** Specifiers of the stage module; the second is from before the package was named pipe-run. */
const STAGE_DOORS: readonly string[] = ['pipe-run/stage', 'pipe/stage'];

/** Marks the plugin's own calls of esbuild's resolver, which invoke the plugin again. */
const ASKED = Symbol('asked');

/** Any specifier except `./x`, `../x`, `/x`. */
const BARE = /^[^./]|^\.{1,2}[^./]/;

/**
 * How to handle an unresolved import: an error in a stage; ignored in a script, whose runtime is
 * unknown.
 */
export type Unresolved = 'mistake' | 'left';

export function tracePlugin(seen: Observed, unresolved: Unresolved): Plugin {
  return {
    name: 'pipe',
    setup(build) {
      build.onResolve({ filter: BARE }, (args) => resolveBare(args, build, seen, unresolved));
      if (unresolved === 'left') {
        build.onResolve({ filter: /^\.{0,2}\// }, (args) => leaveUnresolved(args, build));
      }
      build.onLoad({ filter: /^pipe-stage$/, namespace: 'pipe-stage' }, () => ({
        contents: `export * from '${placeholder('stage', '')}';`,
        loader: 'js',
      }));
      build.onLoad({ filter: /.*/, namespace: 'file' }, (args) => load(args, seen));
    },
  };
}

async function resolveBare(
  args: OnResolveArgs,
  build: PluginBuild,
  seen: Observed,
  unresolved: Unresolved,
): Promise<OnResolveResult | undefined> {
  const { path: specifier, kind } = args;
  if (args.pluginData === ASKED || kind === 'entry-point') return undefined;
  if (args.namespace === 'pipe-stage') return { path: specifier, external: true };
  if (isBuiltin(specifier)) return { path: withScheme(specifier), external: true };
  if (STAGE_DOORS.includes(specifier)) return resolveStageDoor(args, seen);
  if (unresolved === 'left' && SCHEME.test(specifier)) return { path: specifier, external: true };
  const found = await ask(args, build);
  const failed = found.errors.length > 0;
  noteLookup(args, failed ? undefined : found.path, seen);
  if (failed) return resolveAbsent(args, seen, unresolved);
  // Lets esbuild resolve it again, because a path that a plugin resolves loses the options of its
  // tsconfig.json. The text of a module would then depend on which importer comes first.
  if (found.external || found.namespace !== 'file' || !isInstalled(seen.root, found.path))
    return undefined;
  return { path: notePackage(args, found.path, seen), external: true };
}

/** `npm:x`, `https://…`: specifiers of other runtimes. */
const SCHEME = /^[a-z][a-z\d+.-]*:/i;

function ask(
  { path: specifier, kind, resolveDir, importer, with: attributes }: OnResolveArgs,
  build: PluginBuild,
) {
  return build.resolve(specifier, {
    kind,
    resolveDir,
    importer,
    pluginData: ASKED,
    with: attributes,
  });
}

async function leaveUnresolved(
  args: OnResolveArgs,
  build: PluginBuild,
): Promise<OnResolveResult | undefined> {
  if (args.pluginData === ASKED || args.kind === 'entry-point') return undefined;
  const { errors } = await ask(args, build);
  return errors.length === 0 ? undefined : { path: args.path, external: true };
}

/** `fs` means `node:fs`. */
function withScheme(specifier: string): string {
  return specifier.startsWith('node:') ? specifier : `node:${specifier}`;
}

/**
 * `require` reaches this ES module through a bundled one, because not every Node can require ES
 * modules.
 */
function resolveStageDoor({ kind }: OnResolveArgs, seen: Observed): OnResolveResult {
  const name = placeholder('stage', '');
  seen.links[name] = { kind: 'stage', path: '', label: 'pipe-run/stage' };
  if (kind === 'require-call') return { path: 'pipe-stage', namespace: 'pipe-stage' };
  return { path: name, external: true };
}

/**
 * An unresolved package. An optional one stays external, for the code to try; for others, esbuild
 * checks whether the code handles the failure.
 */
function resolveAbsent(
  { path: specifier, kind, resolveDir }: OnResolveArgs,
  seen: Observed,
  unresolved: Unresolved,
): OnResolveResult | undefined {
  const left = { path: specifier, external: true };
  if (specifier.startsWith('#')) return unresolved === 'left' ? left : undefined;
  seen.absent.add(specifier);
  if (unresolved === 'left') return left;
  const name = packageName(specifier);
  const awaited = kind === 'dynamic-import' || kind === 'require-call';
  return awaited && isOptional(nearestManifest(resolveDir, seen.root), name) ? left : undefined;
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
  const relative = within(seen.root, file);
  let bytes: Buffer;
  try {
    // Reading a named pipe would block.
    if (!(await stat(file)).isFile()) return unreadable(relative, 'not a file');
    bytes = await readFile(file);
  } catch (error) {
    const { code = '', syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    return unreadable(relative, code);
  }
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

/** The same wording as esbuild's for a folder. */
function unreadable(relative: string, reason: string): OnLoadResult {
  return { errors: [{ text: `Cannot read file "${relative}": ${reason}` }] };
}

/** An unused second argument adds the digest of the bytes to the code. */
function addonModule(bytes: Buffer, relative: string, seen: Observed): string {
  const name = placeholder('require', relative);
  seen.links[name] = { kind: 'require', path: relative, label: relative };
  const digest = sha256(bytes.toString('latin1'));
  return `module.exports = ((file, digest) => require('node:module').createRequire(file)(file))('${name}', '${digest}');`;
}
