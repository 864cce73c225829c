/** Folders that hold the packages of the project, as its build files name them. Pure. */
import path from 'node:path';

/** They say what `pip install -e .`, `uv sync` or `poetry install` puts on Python's search path. */
export const BUILD_FILES = ['pyproject.toml', 'setup.cfg', 'setup.py'];

/**
 * Paths in a build file, whatever they are there: source folders, packages, members of a workspace,
 * local dependencies. `packages/*` has a star. A path that does not exist does no harm.
 */
export function pathsInBuildFile(file: string, text: string): string[] {
  const written = file.endsWith('.cfg')
    ? text.matchAll(/=\s*(\w[\w./-]*)\s*$/gm)
    : text.matchAll(/["'](\w[\w./-]*(?:\/\*)?)["']/g);
  const paths = [...written].map((found) => path.posix.normalize(found[1] as string));
  return [...new Set(paths.map((each) => each.replace(/\/$/, '')))].filter(
    (each) => !each.startsWith('..'),
  );
}

/** Where a package of such a folder may lie: in it, in its `src`, or it is the package. */
export function rootsOf(folder: string): string[] {
  const parent = path.posix.dirname(folder);
  return [folder, `${folder}/src`, ...(parent === '.' ? [] : [parent])];
}
