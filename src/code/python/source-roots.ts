/** Folders with the packages of the project, as its build files name them. */
import path from 'node:path';
import { inProject, withParents } from '../project-paths.js';
import { folderBelow, type Launch } from './launches.js';
import { projectFolders } from './project-folders.js';
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
