/** Layout of the cache folder: every path, with the format version in it. */
import path from 'node:path';
import { isWithin } from '../sys/is-within.js';
import { namedPlace, realPlace } from '../sys/real-place.js';

/** A new format uses a new folder, so that no version reads the other's files. */
const FORMAT = 'v1';

export interface Layout {
  /** Absolute path of the project; workspace paths are relative to it. */
  readonly project: string;
  readonly root: string;
  /** `root/v1`. */
  readonly home: string;
  /** Objects of outs and of listings. */
  readonly objects: string;
  readonly records: string;
  /** One folder for each chain: epoch records, commit folder, objects of its states. */
  readonly chains: string;
  /** Damaged objects, kept for inspection. */
  readonly damaged: string;
  /** The recorded disk usage. */
  readonly size: string;
  /** What running processes need, for gc. */
  readonly pins: string;
  /** One folder for each project that uses this cache: stat index, last runs. */
  readonly projects: string;
  readonly plans: string;
  readonly traces: string;
  /** Answers of no-op runs. */
  readonly stills: string;
  readonly locks: string;
  readonly logs: string;
  readonly tmp: string;
  /** User files that pipe moved from out paths: one folder for each move. */
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

/** The folders that always exist, except the cache folder itself. */
export function foldersOf(layout: Layout): string[] {
  const { project: _project, root: _root, size: _size, ...folders } = layout;
  return Object.values(folders);
}

/** The cache folder that PIPE_CACHE names; undefined: `cache` in the project. */
export function namedFolder(
  project: string,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const folder = env.PIPE_CACHE;
  return folder === undefined || folder === '' ? undefined : namedPlace(project, folder);
}

/** Of an out inside `cache/`, no note says what was last written there, unless it is a link. */
export function isInCache(out: string): boolean {
  return out.startsWith('cache/');
}

/** True for a cache inside its project, which can be moved together with it. */
export function isInside(layout: Layout): boolean {
  return isWithin(realPlace(layout.root), realPlace(layout.project));
}
