/** Where everything of the cache lies: every path, with the format's version in it. */
import { realpathSync } from 'node:fs';
import path from 'node:path';

/** A new format lies beside the old one: neither can be taken for the other. */
export const FORMAT = 'v1';

export interface Layout {
  /** Absolute path of the project: what workspace paths are relative to. */
  readonly project: string;
  /** The cache folder itself. */
  readonly root: string;
  /** `root/v1`. */
  readonly home: string;
  /** Objects of outs and of listings. */
  readonly objects: string;
  readonly records: string;
  /** One folder for each chain: its epoch records, its commit folder, the objects of its states. */
  readonly chains: string;
  /** Objects that were found damaged, for whoever wants to look at them. */
  readonly damaged: string;
  /** How large all of it is, as far as it was noted. */
  readonly size: string;
  /** What living processes need, for gc. */
  readonly pins: string;
  /** One folder for each project that uses this cache: stat index, last runs. */
  readonly projects: string;
  readonly plans: string;
  readonly traces: string;
  /** Answers of runs that found nothing to do. */
  readonly stills: string;
  readonly locks: string;
  readonly logs: string;
  readonly tmp: string;
  /** What stood at out paths and was not a result: one folder for each time. */
  readonly replaced: string;
}

export function layoutOf(project: string, folder?: string): Layout {
  const root = folder ?? path.join(project, 'cache');
  const home = path.join(root, FORMAT);
  return {
    project,
    root,
    home,
    objects: path.join(home, 'objects'),
    records: path.join(home, 'records'),
    chains: path.join(home, 'chains'),
    damaged: path.join(home, 'damaged'),
    size: path.join(home, 'size'),
    pins: path.join(home, 'pins'),
    projects: path.join(home, 'projects'),
    plans: path.join(home, 'plans'),
    traces: path.join(home, 'traces'),
    stills: path.join(home, 'stills'),
    locks: path.join(root, 'locks'),
    logs: path.join(root, 'logs'),
    tmp: path.join(root, 'tmp'),
    replaced: path.join(root, 'replaced'),
  };
}

/** The folders that are always there, all but the cache folder itself. */
export function foldersOf(layout: Layout): string[] {
  const { project: _project, root: _root, size: _size, ...folders } = layout;
  return Object.values(folders);
}

/** The cache folder as the user names it, by PIPE_CACHE; undefined: `cache` in the project. */
export function namedFolder(
  project: string,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const folder = env.PIPE_CACHE;
  return folder === undefined || folder === '' ? undefined : path.resolve(project, folder);
}

/** True for a cache within its project: both can be moved together. */
export function isInside(layout: Layout): boolean {
  return `${realOrSame(layout.root)}/`.startsWith(`${realOrSame(layout.project)}/`);
}

export function realOrSame(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return path.resolve(file); // Not made yet.
  }
}
