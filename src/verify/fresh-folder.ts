/**
 * Fresh project folder that contains only what one item declares: its deps, and the scripts of its
 * command. Packages are linked, because they are not inputs.
 */
import { existsSync, lstatSync, readdirSync, readlinkSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { type Cache, openCache } from '../cache/cache.js';
import { copyFile } from '../cache/files/copy-tree.js';
import { finish, finishSync } from '../cache/files/yielding.js';
import type { Digest } from '../cache/objects/digest.js';
import { staysWithin } from '../cache/scan/link-targets.js';
import type { ItemHandle } from '../decide/build-context.js';
import { matchesIn } from '../decide/dep-files.js';
import { scanAt } from '../decide/file-view.js';
import type { DecisionContext } from '../decide/fingerprint.js';
import { contentAt, foldersIn, isHollow, type Part, partsOf, sourceOf } from '../decide/parts.js';
import type { Project } from '../decide/project.js';
import { paramsReadersOf } from '../execute/own-params.js';
import type { Manifest } from '../manifest.js';
import { type IgnoreRules, ignoreRulesOf } from '../pipeline/ignored-files.js';
import type { Dep } from '../pipeline/plan.js';
import { lstatIfThere } from '../sys/if-there.js';
import { isWithin } from '../sys/is-within.js';
import { makeFolder } from '../sys/make-folder.js';
import { realPath, realpathIfThere } from '../sys/real-place.js';
import { bringEnvironments, type Environments, linkPackages } from './environments.js';

/** Project root and cache for one execution. */
export interface FreshFolder {
  readonly root: string;
  readonly cache: Cache;
  readonly environments: Environments;
}

/**
 * @param around the workspace as it will be once everything is restored
 * @throws DamagedObject when a dep is only in the cache, and damaged there
 */
export async function makeFreshFolder(
  folder: string,
  handle: ItemHandle,
  { manifest, context }: { manifest: Manifest; context: DecisionContext },
): Promise<FreshFolder> {
  const { build, item, code } = handle;
  const { project } = build;
  const root = path.join(folder, 'project');
  // The item's inputs may be private, in the project or in the cache.
  makeFolder(root, 0o700);
  const stored = openCache({
    project: root,
    folder: project.cache.layout.root,
    readOnly: true,
    warn: () => {},
  });
  try {
    for (const dep of item.deps) {
      if (manifest.deps[dep.name] === null) continue;
      for (const match of await finish(matchesIn(dep, context))) {
        const parts = await finish(partsOf(dep, match, context));
        const known = dep.glob || parts !== undefined ? undefined : manifest.deps[dep.name];
        for (const part of parts ?? [match]) {
          const digest = known ?? (await finish(contentAt(dep, part, context)))?.digest;
          const ignoreRules = part.made ? undefined : ignoreRulesOf(dep);
          if (await isInPlace(project, dep, part, digest))
            copyTree(project.root, root, part.path, (inner) =>
              isLeftOut(inner, ignoreRules, project),
            );
          else await restore(stored, part, { dep, digest, context });
        }
      }
    }
  } finally {
    stored.close();
  }
  for (const file of paramsReadersOf(handle).keys()) copyTree(project.root, root, file);
  if (code.kind === 'command') bringScripts(project.root, root, Object.keys(code.scripts));
  const places = { from: project.root, to: root };
  linkPackages(places, '');
  const environments = bringEnvironments(places, project.env, item, code);
  const cache = openCache({ project: root, folder: path.join(folder, 'cache'), warn: () => {} });
  return { root, cache, environments };
}

/** From the workspace if the content there is right, else from the cache. */
async function isInPlace(
  project: Project,
  dep: Dep,
  part: Part,
  digest: Digest | undefined,
): Promise<boolean> {
  if (digest === undefined) return true;
  if (!existsSync(path.join(project.root, part.path))) return false;
  const { cache } = project;
  const views = [{ follow: true, ...(!part.made && { ignoreRules: ignoreRulesOf(dep) }) }, {}];
  return (
    (await finish(contentAt(dep, part, project)))?.digest === digest ||
    views.some((view) => cache.scanSync(part.path, view)?.digest === digest)
  );
}

interface Wanted {
  readonly dep: Dep;
  readonly digest: Digest | undefined;
  readonly context: DecisionContext;
}

async function restore(
  stored: Cache,
  { path: where, made }: Part,
  { dep, digest, context }: Wanted,
): Promise<void> {
  // If the out contains links, the stored digest differs from the digest of the content that is
  // read.
  const own = made ? (await finish(scanAt(sourceOf(dep, where), context)))?.digest : undefined;
  await stored.outs.restore({ digest: (own ?? digest) as Digest }, where);
}

/** True for entries of a user folder that do not count. */
function isLeftOut(where: string, ignoreRules: IgnoreRules | undefined, project: Project): boolean {
  if (ignoreRules === undefined) return false;
  const isFolder = () => lstatSync(path.join(project.root, where)).isDirectory();
  return (
    ignoreRules.holdsBack(where, isFolder) ||
    (isFolder() && finishSync(isHollow(where, ignoreRules, foldersIn(project))))
  );
}

/** A folder that is being copied. */
interface Copied {
  /** Its real path. */
  readonly real: string;
  /** Its path in the project, and that of its copy. */
  readonly where: string;
}

/**
 * Replaces a link by its target, except links within the folder, in a circle, which stay links, and
 * broken ones.
 */
function copyTree(
  root: string,
  fresh: string,
  top: string,
  leavesOut: (where: string) => boolean = () => false,
): void {
  makeFolder(path.dirname(path.join(fresh, top)));
  const project = { real: realPath(root), where: '' };
  const copy = (where: string, inside: readonly Copied[]) => {
    const [source, target] = [path.join(root, where), path.join(fresh, where)];
    // Deps may overlap, so another dep may have copied it.
    if (lstatIfThere(target)?.isDirectory() === false) return;
    const isInner = where !== top && lstatSync(source).isSymbolicLink();
    const text = isInner ? innerText(source, where, [project, ...inside]) : undefined;
    if (text !== undefined) symlinkSync(text, target);
    else if (statSync(source).isDirectory()) {
      makeFolder(target);
      const within = isInner ? [...inside, { real: realPath(source), where }] : inside;
      for (const name of readdirSync(source)) {
        const inner = `${where}/${name}`;
        if (!leavesOut(inner)) copy(inner, within);
      }
    } else copyFile(source, target);
  };
  copy(top, [{ real: realPath(path.join(root, top)), where: top }]);
}

/**
 * The text for the copy of a link; undefined for one whose target is copied. As for a scan, a link in
 * a circle, to a folder that contains one of those being copied, is not followed.
 *
 * @param inside the project, and the folders being copied, the innermost last
 */
function innerText(link: string, where: string, inside: readonly Copied[]): string | undefined {
  const text = readlinkSync(link);
  const target = realpathIfThere(link);
  if (target === undefined) return text;
  const tree = inside.at(-1) as Copied;
  if (staysWithin(text, realPath(path.dirname(link)), tree.real) && isWithin(target, tree.real))
    return text;
  const isCircle = inside.slice(1).some(({ real }) => isWithin(real, target));
  if (!isCircle && !isWithin(target, tree.real)) return undefined;
  const around = inside.findLast(({ real }) => isWithin(target, real));
  if (around === undefined) return target;
  const copied = path.join(around.where, path.relative(around.real, target));
  return path.relative(path.dirname(where), copied) || '.';
}

/** Copies each script with the package.json and tsconfig.json above it, which determine how it is read. */
function bringScripts(from: string, to: string, scripts: readonly string[]): void {
  const files = new Set(scripts);
  for (const script of scripts) {
    for (let folder = path.dirname(script); ; folder = path.dirname(folder)) {
      for (const name of ['package.json', 'tsconfig.json']) files.add(path.join(folder, name));
      linkPackages({ from, to }, folder);
      if (folder === '.') break;
    }
  }
  for (const file of files) {
    const source = path.join(from, file);
    if (!existsSync(source) || existsSync(path.join(to, file))) continue;
    copyTree(from, to, file);
  }
}
