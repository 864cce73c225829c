/** Folders with the packages of the project, as its build files name them. */
import path from 'node:path';
import { wildcards } from '../../wildcards.js';
import { folderIn, inProject, isOutside, upward } from '../project-paths.js';
import { folderBelow, type Launch } from './launches.js';
import type { Reads } from './trace-reads.js';
import { pythonPathIn } from './variable-files.js';

/**
 * Build files that determine what `pip install -e .`, `uv sync` or `poetry install` adds to
 * Python's search path.
 */
const BUILD_FILES = ['pyproject.toml', 'setup.cfg', 'setup.py'];

export function buildRoots({ folder, projects = [] }: Launch, reads: Reads): string[] {
  const own = withParents(folder);
  const all = projectFolders([folder, ...projects], reads);
  const found = all.flatMap((at) =>
    BUILD_FILES.flatMap((file) => {
      const [where = ''] = inProject(at, file);
      return pathsInBuildFile(file, reads.textOf(where) ?? '').flatMap((each) =>
        inProject(at, each),
      );
    }),
  );
  const named = found.flatMap((each) => {
    if (each.endsWith('/*')) return reads.finder.all(each.slice(0, -2));
    return reads.finder.has(each) ? [each] : [];
  });
  return [...all.filter((each) => !own.includes(each)), ...named].flatMap(rootsOf);
}

const MEMBER_FILES = [
  'pyproject.toml',
  'pixi.toml',
  'hatch.toml',
  'Pipfile',
  'requirements.txt',
  'environment.yml',
];

/** Lists with members of a workspace, and the paths of local dependencies. */
const MEMBERS =
  /\bmembers\s*=\s*\[([^\]]*)\]|\bpath\s*=\s*("[^"]*"|'[^']*')|(?:\$\{PROJECT_ROOT\}|\{root:uri\})\/([\w./-]{1,250})|(?<!\S)(?:-e|--editable)[ =]+(?:file:)?([\w./-]{1,250})/g;
const QUOTED = /["']([^"'\0\n]{1,250})["']/g;

/** The folders whose build files a tool reads: these, those above them, and their members. */
export function projectFolders(folders: readonly string[], reads: Reads): string[] {
  const found = new Set(folders.flatMap(withParents));
  for (const folder of found) {
    const files = MEMBER_FILES.flatMap((file) => inProject(folder, file));
    const text = files.map((file) => reads.textOf(file) ?? '').join('\n');
    const members = [...text.matchAll(MEMBERS)].flatMap(([, list, quoted, ...plain]) => [
      ...[...(list ?? quoted ?? '').matchAll(QUOTED)].map(([, member = '']) => member),
      ...plain.filter((member) => member !== undefined),
    ]);
    for (const member of members)
      for (const each of membersAt(folder, member, reads)) found.add(each);
  }
  return [...found];
}

function membersAt(folder: string, pattern: string, { finder }: Reads): string[] {
  if (pattern.startsWith('/')) return [];
  let found = [folder];
  for (const part of pattern.replace(/\/$/, '').split('/')) {
    const isMeant = wildcards(part);
    found = found.flatMap((at) =>
      part.includes('*')
        ? finder.all(at).filter((each) => isMeant(path.posix.basename(each)))
        : [folderIn(at, part)],
    );
  }
  return found.filter((each) => !isOutside(each));
}

/** The folder and those above it, up to the project's root, whose name is empty. */
export function withParents(folder: string): string[] {
  return [...upward(`/${folder}`)].map((each) => each.slice(1));
}

/**
 * Paths in a build file, of any kind: source folders, packages, members of a workspace, local
 * dependencies. `packages/*` has a star. A path that does not exist is harmless.
 */
function pathsInBuildFile(file: string, text: string): string[] {
  const written = file.endsWith('.cfg')
    ? text.matchAll(/=\s*(\w[\w./-]*)\s*$/gm)
    : text.matchAll(/["'](\w[\w./-]*(?:\/\*)?)["']/g);
  const paths = [...written].map((found) => path.posix.normalize(found[1] as string));
  return [...new Set(paths.map((each) => each.replace(/\/$/, '')))].filter(
    (each) => !each.startsWith('..'),
  );
}

/** Where a package of such a folder may be: in it, in its `src`, or the folder itself is the package. */
function rootsOf(folder: string): string[] {
  const parent = path.posix.dirname(folder);
  return [folder, `${folder}/src`, ...(parent === '.' ? [] : [parent])];
}

/** PYTHONPATH of files such as `.env`. */
export function variablePath({ variables = [], folder }: Launch, reads: Reads): string[] {
  const folders = variables.flatMap((file) => pythonPathIn(reads.textOf(file) ?? ''));
  return folders.flatMap((each) => folderBelow(folder, each));
}
