/** Packages of a trace: name → version for the manifest, and the targets of their placeholders. */
import path from 'node:path';
import type { Metafile } from './esbuild.js';
import type { Observed, PackageUse } from './observed.js';
import { NOT_INSTALLED, packageName, subpath } from './package.js';
import type { Link } from './placeholder.js';
import { within } from './project-paths.js';

interface Packages {
  /** Version by name; by `name (importer's folder)` if the bundle uses several versions. */
  readonly versions: Readonly<Record<string, string>>;
  readonly links: Readonly<Record<string, Link>>;
}

/** Counts only imports that remain in the bundle, not those of dropped code. */
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

/** Names a use by its package, plus the importers' folders if the package has several versions. */
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
