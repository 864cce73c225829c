/** The file system's side of watch mode: tells of changes of what counts, whatever is replaced meanwhile. */
import path from 'node:path';
import { watch } from 'chokidar';
import { userError } from '../error.js';
import { within } from '../trace/place.js';
import { packageAbove } from './outside.js';

/** What is watched, by paths relative to the project: `../…` for what lies outside of it. */
export interface WatchSet {
  /** The same for the same set. */
  readonly id: string;
  /** Does a change of this path count? */
  counts(path: string): boolean;
  /** Is this a folder on the way to a path that counts? */
  leadsTo(folder: string): boolean;
  /** Does one of these items, or one that it needs, depend on the path? */
  concerns(path: string, executing: Iterable<string>): boolean;
  /** Is what links lead to watched too? */
  readonly followsLinks: boolean;
  /** Files and folders outside of the project that count. */
  readonly outside: readonly string[];
}

export interface FileWatch {
  close(): Promise<void>;
}

/**
 * Resolves when the watch stands: what changes from then on is told. After an error there is
 * something that it does not see. `root`: absolute, links followed.
 */
export async function watchFiles(
  root: string,
  set: WatchSet,
  onChange: (relative: string) => void,
  onError: (error: unknown) => void,
): Promise<FileWatch> {
  const relativeOf = (absolute: string) => within(root, absolute);
  const watcher = watch(foldersFor(root, set), {
    ignoreInitial: true,
    followSymlinks: set.followsLinks,
    // Whether what may not be read is needed, the run tells.
    ignorePermissionErrors: true,
    ignored: (absolute) => {
      const relative = relativeOf(absolute);
      return !(
        isAtOrBelow(root, absolute) ||
        isWatched(set, relative) ||
        isOnTheWay(set, relative)
      );
    },
  });
  const tell = (relative: string) => {
    if (isWatched(set, relative)) onChange(relative);
  };
  const folders = new Set<string>();
  watcher.on('all', (_event, absolute) => tell(relativeOf(absolute)));
  watcher.on('raw', (event, name, details) => {
    const { watchedPath } = details as { readonly watchedPath?: string };
    if (typeof name !== 'string' || watchedPath === undefined) return;
    // A watched folder names what changed in it. A watched file names itself, and is the only one
    // to tell of what is behind a link.
    if (path.basename(watchedPath) === name) tell(relativeOf(watchedPath));
    // A folder that is watched for its own sake was itself replaced.
    if (event === 'rename' && path.basename(watchedPath) === name && folders.has(watchedPath))
      onChange(relativeOf(watchedPath));
    const absolute = path.join(watchedPath, name);
    // chokidar goes on to watch a folder that was replaced, not the one that is there now: what is
    // in it is looked at anew, by a new watch.
    if (event === 'rename' && folders.has(absolute)) onChange(relativeOf(absolute));
    // Of a changed executable bit, or of a second save within a moment, only the system tells.
    else tell(relativeOf(absolute));
  });
  watcher.on('addDir', (absolute) => void folders.add(absolute));
  watcher.on('error', (error) => onError(isLimit(error) ? tooManyWatches() : error));
  await new Promise<void>((resolve) => {
    watcher.once('ready', resolve);
    watcher.once('error', () => resolve());
  });
  for (const folder of Object.keys(watcher.getWatched())) folders.add(folder);
  return watcher;
}

/** The project and each package outside of it with code that counts; none of them below another one. */
function foldersFor(root: string, { outside }: WatchSet): string[] {
  const all = [root, ...outside.map((each) => packageAbove(path.resolve(root, each)))];
  const isCovered = (folder: string) =>
    all.some((other) => other !== folder && isAtOrBelow(folder, other));
  return [...new Set(all)].filter((folder) => !isCovered(folder));
}

function isAtOrBelow(where: string, folder: string): boolean {
  return (
    where === folder || where.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep)
  );
}

function isWatched(set: WatchSet, relative: string): boolean {
  return !isOurs(relative) && set.counts(relative);
}

function isOnTheWay(set: WatchSet, relative: string): boolean {
  return !isOurs(relative) && set.leadsTo(relative);
}

/** Folders that are never anybody's input. */
function isOurs(relative: string): boolean {
  return /^(cache|\.git)(\/|$)/.test(relative);
}

/** The system watches for each user no more folders and files than it was told. */
function isLimit(error: unknown): boolean {
  return ['ENOSPC', 'EMFILE'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function tooManyWatches(): Error {
  return userError(
    'too-many-watches',
    'the system watches no more files and folders for this user',
    'raise the limit (on Linux fs.inotify.max_user_watches and max_user_instances, by sysctl), or let stages name folders with fewer files',
  );
}
