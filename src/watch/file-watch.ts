/** Watches the file system for changes of relevant files, also across replaced folders. */
import { lstatSync, type Stats } from 'node:fs';
import path from 'node:path';
import { watch } from 'chokidar';
import { within } from '../code/project-paths.js';
import { userError } from '../error.js';
import { UNREACHABLE, unless } from '../sys/if-there.js';
import { foldersAbove, isWithin } from '../sys/is-within.js';
import { realPath } from '../sys/real-place.js';
import { FolderWatches } from './folder-watches.js';
import { packageAbove } from './outside.js';

/** The paths to watch, relative to the project: `../…` outside it. */
export interface WatchSet {
  /** Equal for equal sets. */
  readonly id: string;
  /** True if a change of this path is relevant. */
  counts(path: string): boolean;
  /** True for a folder above a relevant path. */
  leadsTo(folder: string): boolean;
  /** True if the plan is made from this path. */
  isOfPlan(path: string): boolean;
  /** True if one of these items, or one that it needs, depends on the path. */
  concerns(path: string, executing: Iterable<string>): boolean;
  /** True if the targets of links are watched too. */
  readonly followsLinks: boolean;
  /** Relevant files and folders outside the project. */
  readonly outside: readonly string[];
}

export interface FileWatch {
  close(): Promise<void>;
}

/**
 * Resolves when the watch is active. After an error, the watch may miss changes. `root`: absolute
 * real path.
 */
export async function watchFiles(
  root: string,
  set: WatchSet,
  onChange: (relative: string) => void,
  onError: (error: unknown) => void,
): Promise<FileWatch> {
  const relativeOf = (absolute: string) => within(root, absolute);
  const isIgnored = (absolute: string, stat?: Stats) => {
    if (stat?.isSymbolicLink() && leadsInCircle(absolute)) return true;
    const relative = relativeOf(absolute);
    return !(isWithin(root, absolute) || isWatched(set, relative) || isOnTheWay(set, relative));
  };
  const watcher = watch(foldersFor(root, set), {
    followSymlinks: set.followsLinks,
    // The run reports an unreadable file, if it needs the file.
    ignorePermissionErrors: true,
    ignored: isIgnored,
  });
  const fail = (error: unknown) => onError(isLimit(error) ? tooManyWatches() : error);
  const tell = (relative: string) => {
    if (isWatched(set, relative)) onChange(relative);
  };
  const isNew = (absolute: string) => {
    const stat = unless(UNREACHABLE, () => lstatSync(absolute));
    const mayHold = stat?.isDirectory() || (set.followsLinks && stat?.isSymbolicLink());
    return mayHold === true && !isIgnored(absolute, stat);
  };
  const onEntry = (folder: string, event: string, name: string) => {
    const absolute = path.join(folder, name);
    if (event === 'rename') {
      // A folder without a watched parent was replaced.
      if (path.basename(folder) === name) onChange(relativeOf(folder));
      // chokidar keeps watching the replaced folder, not the new one: a new watch reads its content.
      if (folders.has(absolute)) return onChange(relativeOf(absolute));
      if (isNew(absolute)) watcher.add(absolute);
    }
    tell(relativeOf(absolute));
  };
  const folders = new FolderWatches(onEntry, fail);
  watcher.on('addDir', (folder) => folders.add(folder));
  watcher.on('raw', (_event, name, details) => {
    const { watchedPath } = details as { readonly watchedPath?: string };
    // Only a raw event shows a change of the executable bit, a second save within a moment, and a
    // change behind a link to a file.
    if (typeof name === 'string' && watchedPath !== undefined && !folders.has(watchedPath))
      tell(relativeOf(watchedPath));
  });
  watcher.on('error', fail);
  await new Promise<void>((resolve) => {
    watcher.once('ready', resolve);
    watcher.once('error', () => resolve());
  });
  watcher.on('all', (_event, absolute) => tell(relativeOf(absolute)));
  return {
    close: async () => {
      folders.close();
      await watcher.close();
    },
  };
}

/** The project, and each package outside it with relevant code; none of them is below another one. */
function foldersFor(root: string, { outside }: WatchSet): string[] {
  const all = [root, ...outside.map((each) => packageAbove(path.resolve(root, each)))];
  const isCovered = (folder: string) =>
    all.some((other) => other !== folder && isWithin(folder, other));
  return [...new Set(all)].filter((folder) => !isCovered(folder));
}

function isWatched(set: WatchSet, relative: string): boolean {
  return !isOurs(relative) && set.counts(relative);
}

function isOnTheWay(set: WatchSet, relative: string): boolean {
  return !isOurs(relative) && set.leadsTo(relative);
}

/** Folders that are never inputs. */
function isOurs(relative: string): boolean {
  return /^(cache|\.git)(\/|$)/.test(relative);
}

/**
 * True for a link to itself, or to a folder that contains a folder on the way to the link. A scan does
 * not follow it either; an event of its folder shows when it changes.
 */
function leadsInCircle(link: string): boolean {
  const doesLead = () => {
    const target = unless(['ENOENT', 'ENOTDIR'], () => realPath(link));
    const isAround = (folder: string) => target !== undefined && isWithin(realPath(folder), target);
    return foldersAbove(link).some(isAround);
  };
  return unless(['ELOOP'], doesLead) ?? true;
}

/** The system limits the number of watches for each user. */
function isLimit(error: unknown): boolean {
  return ['ENOSPC', 'EMFILE'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function tooManyWatches(): Error {
  return userError(
    'too-many-watches',
    'the limit of watched files and folders for this user is reached',
    'raise the limit (on Linux fs.inotify.max_user_watches and max_user_instances, by sysctl), or name folders with fewer files under deps',
  );
}
