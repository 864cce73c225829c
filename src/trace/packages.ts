/** The packages of a trace: name → version for the manifest, and what their placeholders stand for. */
import path from 'node:path';
import type { Metafile } from './esbuild.js';
import type { Observed, PackageUse } from './observed.js';
import { NOT_INSTALLED, packageName, subpath } from './package.js';
import { within } from './place.js';
import type { Link } from './placeholder.js';

export interface Packages {
  /** Version by name; by `name (importer's folder)` when several versions are used. */
  readonly versions: Readonly<Record<string, string>>;
  readonly links: Readonly<Record<string, Link>>;
}

/** Only what the bundle still imports counts: not what was imported by code that fell away. */
export function packagesOf(metafile: Metafile, seen: Observed): Packages {
  const imported = new Set(
    Object.values(metafile.outputs).flatMap(({ imports }) => imports.map((each) => each.path)),
  );
  const used = [...seen.packages].filter(([name]) => imported.has(name));
  const keys = namer(
    used.map(([, use]) => use),
    seen.root,
  );
  const versions: Record<string, string> = {};
  const links: Record<string, Link> = {};
  for (const [name, use] of used) {
    for (const key of keys(use)) versions[key] = use.version;
    const [label] = keys(use).sort() as [string, ...string[]];
    const [specifier] = [...use.specifiers].sort() as [string, ...string[]];
    links[name] = {
      kind: use.kind,
      path: within(seen.root, use.file),
      label: `pipe:${use.kind}/${label}${specifier.startsWith('#') ? '' : subpath(specifier)}`,
    };
  }
  for (const specifier of seen.absent) {
    if (imported.has(specifier)) versions[packageName(specifier)] ??= NOT_INSTALLED;
  }
  return { versions, links };
}

/** What a use is called: by the package's name, with the importers' folders where one name has several versions. */
function namer(uses: readonly PackageUse[], root: string): (use: PackageUse) => string[] {
  const versions = new Map<string, Set<string>>();
  for (const { name, version } of uses) {
    versions.set(name, (versions.get(name) ?? new Set()).add(version));
  }
  return ({ name, importers }) =>
    versions.get(name)?.size === 1
      ? [name]
      : [...importers].map((file) => `${name} (${within(root, path.dirname(file)) || '.'})`);
}
