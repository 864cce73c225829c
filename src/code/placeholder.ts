/**
 * Placeholders for paths of this machine in a bundle. For the digest, labels replace them; for
 * execution, absolute paths. So the digest depends neither on the project's location nor on the
 * layout of node_modules.
 */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { sha256 } from '../canonical.js';

/**
 * `import` and `url` become a file URL, `require` and `file` a path, `dir` the path of the file's
 * folder, `stage` the URL of pipe's own `pipe-run/stage`.
 */
export type PlaceKind = 'import' | 'require' | 'url' | 'file' | 'dir' | 'stage';

/** The target of a placeholder. */
export interface Link {
  readonly kind: PlaceKind;
  /** Relative to the project; empty for `stage`. */
  readonly path: string;
  /** Its name in the text for the digest. */
  readonly label: string;
}

/** Links by placeholder. */
export type Links = Readonly<Record<string, Link>>;

/** Only letters, so that esbuild prints it unchanged and in double quotes. */
export function placeholder(kind: PlaceKind, relative: string): string {
  return `pipe:${kind}:${sha256(relative).slice(0, 16)}`;
}

const PLACEHOLDER = /pipe:(?:import|require|url|file|dir|stage):[0-9a-f]{16}/g;

/** The text for the digest. */
export function labelled(text: string, links: Links): string {
  return text.replace(PLACEHOLDER, (found) => links[found]?.label ?? found);
}

export interface Places {
  /** Absolute path of the project. */
  readonly root: string;
  /** Absolute path of pipe's own `pipe-run/stage`. */
  readonly stageDoor: string;
}

/** The text to execute. */
export function placed(text: string, links: Links, places: Places): string {
  return text.replace(PLACEHOLDER, (found) => {
    const link = links[found];
    return link === undefined ? found : JSON.stringify(placeOf(link, places)).slice(1, -1);
  });
}

function placeOf({ kind, path: relative }: Link, { root, stageDoor }: Places): string {
  const file = path.resolve(root, relative);
  switch (kind) {
    case 'import':
    case 'url':
      return pathToFileURL(file).href;
    case 'require':
    case 'file':
      return file;
    case 'dir':
      return path.dirname(file);
    case 'stage':
      return pathToFileURL(stageDoor).href;
    default:
      return kind satisfies never;
  }
}
