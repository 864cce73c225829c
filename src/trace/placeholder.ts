/**
 * Placeholders: what stands in a bundle for places on this machine. The digest is taken of a text
 * with names in their stead, and what is executed is a text with the places themselves. So neither
 * where the project lies nor how its packages are laid out counts.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * `import` and `url` become a file URL, `require` and `file` a path, `dir` the path of the file's
 * folder, `stage` the URL of the tool's own `pipe-run/stage`.
 */
export type PlaceKind = 'import' | 'require' | 'url' | 'file' | 'dir' | 'stage';

/** What a placeholder stands for. */
export interface Link {
  readonly kind: PlaceKind;
  /** Relative to the project; empty for `stage`. */
  readonly path: string;
  /** What it is called in the text that the digest is taken of. */
  readonly label: string;
}

/** Links by placeholder. */
export type Links = Readonly<Record<string, Link>>;

/** Plain letters only: esbuild prints it as it is, in double quotes. */
export function placeholder(kind: PlaceKind, relative: string): string {
  const hash = createHash('sha256').update(relative).digest('hex').slice(0, 16);
  return `pipe:${kind}:${hash}`;
}

const PLACEHOLDER = /pipe:(?:import|require|url|file|dir|stage):[0-9a-f]{16}/g;

/** The text for the digest. */
export function labelled(text: string, links: Links): string {
  return text.replace(PLACEHOLDER, (found) => links[found]?.label ?? found);
}

export interface Places {
  /** Absolute path of the project. */
  readonly root: string;
  /** Absolute path of the module that `pipe-run/stage` stands for. */
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
