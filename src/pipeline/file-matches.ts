/** The user's files and folders that a pattern matches, as values of an axis. */
import { type Dirent, readdirSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import { oncePerText } from '../lists.js';
import { statIfThere } from '../sys/if-there.js';
import { isWithin } from '../sys/is-within.js';
import { realpathIfThere } from '../sys/real-place.js';
import { TOO_MANY_WAYS } from '../sys/revisits.js';
import type { Mistake } from './document/diagnostics.js';
import { fixedFolder, parseGlob } from './glob.js';
import { ignoreRulesOf } from './ignored-files.js';
import { leadsBack, matchesBelow, type Tree, WRITTEN_BY_RUNS } from './matches-below.js';

export type Matches = { readonly paths: readonly string[] } | { readonly mistake: Mistake };

type OnFolder = (folder: string, stat: Stats) => void;

/** Sorted by code unit. Applies the ignore rules of deps; skips `cache/`, `node_modules/` and links to them. */
export function matchesOf(project: string, pattern: string, onFolder: OnFolder): Matches {
  const ignoreRules = ignoreRulesOf({ path: pattern, glob: true });
  const base = fixedFolder(pattern);
  const glob = parseGlob(pattern);
  const tree = usersFiles(project, glob.deep ? base : undefined, onFolder);
  const found: string[] = [];
  try {
    for (const match of matchesBelow({ glob, ignoreRules, tree }, base, [base]))
      if (match !== undefined) found.push(match.path);
  } catch (error) {
    if (error instanceof Maze) return { mistake: error.mistake };
    const { code, path: where } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    const folder = path.relative(project, where ?? project);
    const message = `the folder ${folder} cannot be read: permission denied`;
    return { mistake: { code: 'unreadable', message, hint: `chmod u+rx ${folder}` } };
  }
  return { paths: found.sort() };
}

class Maze extends Error {
  readonly mistake: Mistake;

  constructor(folder: string) {
    super(folder);
    const message = `${folder} ${TOO_MANY_WAYS}`;
    this.mistake = {
      code: 'unreadable',
      message,
      hint: 'remove these links, or list the values',
    };
  }
}

/** `deepFrom`: the folder where a pattern with `**` begins, which follows only links that leave it. */
function usersFiles(project: string, deepFrom: string | undefined, onFolder: OnFolder): Tree {
  const real = oncePerText((where) => realpathIfThere(path.join(project, where)));
  const liesIn = (place: string | undefined, folder: string | undefined) =>
    place !== undefined && folder !== undefined && isWithin(place, folder);
  const cache = real('cache');
  const base = deepFrom === undefined ? undefined : real(deepFrom);
  return {
    isPassedOver: (name) => WRITTEN_BY_RUNS.has(name),
    placeToFollow: (link, inside) => {
      const place = real(link);
      if (place === undefined || liesIn(place, base)) return undefined;
      return deepFrom !== undefined && leadsBack(place, inside.map(real)) ? undefined : place;
    },
    stop: (folder) => new Maze(folder),
    // A broken link is not a folder.
    isFolderBehind: (link) =>
      real(link) !== undefined && statSync(path.join(project, link)).isDirectory(),
    entriesOf: (folder, inside) => {
      const place = real(folder);
      const isSeen = inside.some((each) => each !== folder && real(each) === place);
      if (place === undefined || isSeen || liesIn(place, cache)) return [];
      return entriesOf(project, folder, onFolder);
    },
  };
}

function entriesOf(project: string, folder: string, onFolder: OnFolder): readonly Dirent[] {
  const full = path.join(project, folder);
  const stat = statIfThere(full);
  if (!stat?.isDirectory()) return [];
  // Recorded before the folder is listed, so that a change in between is detected.
  onFolder(folder === '' ? '.' : folder, stat);
  return readdirSync(full, { withFileTypes: true });
}
