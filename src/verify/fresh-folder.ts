/**
 * A project folder that holds nothing but what one item declares: its deps, and of a command the
 * scripts that belong to its code. Packages are reached through a link, as they are no input.
 */
import {
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { type Cache, openCache } from '../cache/cache.js';
import type { Digest } from '../cache/objects/digest.js';
import type { Code } from '../decide/code.js';
import { matchesIn } from '../decide/glob.js';
import type { Surroundings } from '../decide/inputs.js';
import { contentAt, isHollow, partsOf } from '../decide/parts.js';
import type { Project } from '../decide/project.js';
import type { Manifest } from '../manifest.js';
import type { Item } from '../pipeline/plan.js';
import { type Sieve, sieveOf } from '../pipeline/sieve.js';

/** A place for one execution: a root of its own, and a cache of its own. */
export interface FreshFolder {
  readonly root: string;
  readonly cache: Cache;
}

/**
 * @param around how the workspace will look once everything is put back
 * @throws DamagedObject when a dep can only come from the cache, and is damaged there
 */
export async function makeFreshFolder(
  folder: string,
  project: Project,
  item: Item,
  { code, manifest, around }: { code: Code; manifest: Manifest; around: Surroundings },
): Promise<FreshFolder> {
  const root = path.join(folder, 'project');
  mkdirSync(root, { recursive: true });
  const stored = openCache({
    project: root,
    folder: project.cache.layout.root,
    readOnly: true,
    warn: () => {},
  });
  try {
    for (const dep of item.deps) {
      if (manifest.deps[dep.name] === null) continue;
      for (const match of matchesIn(dep, around)) {
        const parts = partsOf(dep, match, around);
        const known = dep.glob || parts !== undefined ? undefined : manifest.deps[dep.name];
        for (const part of parts ?? [match]) {
          const digest = known ?? contentAt(dep, part, around)?.digest;
          const sieve = part.made ? undefined : sieveOf(dep);
          await bring({ project, stored, root, sieve }, part.path, digest);
        }
      }
    }
  } finally {
    stored.close();
  }
  if (code.kind === 'command') bringScripts(project.root, root, Object.keys(code.scripts));
  linkPackages(project.root, root, '');
  const cache = openCache({ project: root, folder: path.join(folder, 'cache'), warn: () => {} });
  return { root, cache };
}

interface Bringing {
  readonly project: Project;
  readonly stored: Cache;
  readonly root: string;
  /** Of what is the user's. */
  readonly sieve: Sieve | undefined;
}

/** From the workspace when it is there as it should be, else from the cache. */
async function bring(
  { project, stored, root, sieve }: Bringing,
  where: string,
  digest: Digest | undefined,
): Promise<void> {
  const from = path.join(project.root, where);
  const views = [{ follow: true, ...(sieve && { sieve }) }, {}];
  const isThere =
    existsSync(from) &&
    views.some((view) => project.cache.scanSync(where, view)?.digest === digest);
  const isLeftOut = (inner: string) => {
    const isFolder = () => lstatSync(path.join(project.root, inner)).isDirectory();
    if (sieve === undefined) return false;
    return sieve.holdsBack(inner, isFolder) || (isFolder() && isHollow(inner, sieve, project));
  };
  if (isThere || digest === undefined) copyTree(project.root, root, where, isLeftOut);
  else await stored.restore(digest, where);
}

/** A link counts by what is behind it, but for links from one place of a folder to another. */
function copyTree(
  root: string,
  fresh: string,
  top: string,
  isLeftOut: (where: string) => boolean = () => false,
): void {
  mkdirSync(path.dirname(path.join(fresh, top)), { recursive: true });
  const tree = realpathSync(path.join(root, top));
  const copy = (where: string) => {
    const [source, target] = [path.join(root, where), path.join(fresh, where)];
    const isLink = lstatSync(source).isSymbolicLink();
    if (isLink && where !== top && isWithin(tree, source)) {
      symlinkSync(readlinkSync(source), target);
    } else if (statSync(source).isDirectory()) {
      mkdirSync(target, { recursive: true });
      for (const name of readdirSync(source)) {
        const inner = `${where}/${name}`;
        if (!isLeftOut(inner)) copy(inner);
      }
    } else copyFileSync(source, target, constants.COPYFILE_FICLONE);
  };
  copy(top);
}

function isWithin(tree: string, link: string): boolean {
  const target = path.resolve(realpathSync(path.dirname(link)), readlinkSync(link));
  return target === tree || target.startsWith(`${tree}${path.sep}`);
}

/** With each script what says how it is to be read: the package.json and tsconfig.json above it. */
function bringScripts(from: string, to: string, scripts: readonly string[]): void {
  const files = new Set(scripts);
  for (const script of scripts) {
    for (let folder = path.dirname(script); ; folder = path.dirname(folder)) {
      for (const name of ['package.json', 'tsconfig.json']) files.add(path.join(folder, name));
      linkPackages(from, to, folder);
      if (folder === '.') break;
    }
  }
  for (const file of files) {
    const source = path.join(from, file);
    if (!existsSync(source) || existsSync(path.join(to, file))) continue;
    copyTree(from, to, file);
  }
}

/** Packages are installed, not made: their versions count, their folder is where it is. */
function linkPackages(from: string, to: string, folder: string): void {
  const packages = path.join(from, folder, 'node_modules');
  const link = path.join(to, folder, 'node_modules');
  if (!existsSync(packages) || existsSync(link)) return;
  mkdirSync(path.dirname(link), { recursive: true });
  symlinkSync(packages, link);
}
