/** Installed packages: the package of a file, and its version. */
import path from 'node:path';
import { ifJson, isTree } from '../json.js';
import { textIfThere } from '../sys/if-there.js';

interface Package {
  /** As imported: `@scope/name`. */
  readonly name: string;
  readonly version: string;
  /** Absolute path of its folder. */
  readonly folder: string;
}

/** The version of a missing optional package in the manifest. */
export const NOT_INSTALLED = 'not installed';

/** The package name of an import: `@scope/name` for `@scope/name/sub/path`. */
export function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

/** The rest of a specifier after the package name, with its slash; empty for the package itself. */
export function subpath(specifier: string): string {
  return specifier.slice(packageName(specifier).length);
}

/** The package of a file below a node_modules. */
export function packageOf(file: string): Package {
  const marker = `${path.sep}node_modules${path.sep}`;
  const start = file.lastIndexOf(marker) + marker.length;
  const name = packageName(file.slice(start).split(path.sep).join('/'));
  const folder = path.join(file.slice(0, start), ...name.split('/'));
  return { name, version: versionIn(folder, name), folder };
}

/** An alias (`"a": "npm:b@1.0.0"`) includes the real name. */
function versionIn(folder: string, name: string): string {
  const manifest = readManifest(path.join(folder, 'package.json'));
  const version = typeof manifest?.version === 'string' ? manifest.version : 'no version';
  const own = manifest?.name;
  return typeof own === 'string' && own !== name ? `${own}@${version}` : version;
}

type PackageManifest = Readonly<Record<string, unknown>>;

/** Undefined if it is missing or not a JSON object. */
export function readManifest(file: string): PackageManifest | undefined {
  const value = ifJson(textIfThere(file) ?? '');
  // Node rejects a broken package.json, but only if it reads it, so this is left to Node.
  return isTree(value) ? value : undefined;
}

export function isOptional(manifest: PackageManifest | undefined, name: string): boolean {
  const optional = member(manifest, 'optionalDependencies');
  const peer = member(member(manifest, 'peerDependenciesMeta'), name);
  return (optional !== undefined && name in optional) || peer?.optional === true;
}

function member(tree: PackageManifest | undefined, key: string): PackageManifest | undefined {
  const value = tree?.[key];
  return isTree(value) ? value : undefined;
}
