/** Paths as texts: the folders above, the last name, what is inside what. */

/** True when the inner path is the outer one or below it. Compares texts: no links, no case. */
export function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith('/') ? outer : `${outer}/`);
}

/** The path of a name in a folder; an empty folder stands for the root of relative paths. */
export function inFolder(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** The folder of a path; empty for a path of one name. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

export function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The path, then the folders that contain it, the nearest first. */
export function withFoldersAbove(path: string): readonly string[] {
  const found: string[] = [];
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1))
    found.push(path.slice(0, end));
  return found;
}

export function foldersAbove(path: string): readonly string[] {
  return withFoldersAbove(path).slice(1);
}
