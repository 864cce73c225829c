/**
 * The recent runs of each project: gc keeps what they needed for a while, so that going back to it
 * costs nothing.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { lstatIfThere, namesIn, textIfThere } from '../../sys/if-there.js';
import { withChecksum } from '../files/checksummed-json.js';
import type { Scratch } from '../files/scratch-folder.js';
import { ownedName } from '../files/temporary-names.js';
import { writeChecksummed } from '../files/write-whole.js';
import type { Needs } from './pins.js';
import { notePlace, type Standing, standingOf } from './project-place.js';
import { readSealed } from './records.js';

/** Number of runs remembered; gc asks for the newest few. */
const REMEMBERED = 10;

/**
 * `folder`: the project's folder in the cache. A run with the same needs as the previous one adds nothing.
 */
export function noteRun(
  folder: string,
  root: string,
  { keys, chains }: Needs,
  scratch: Scratch,
): void {
  const runs = path.join(folder, 'runs');
  scratch.fence.check(runs);
  const needs: Needs = { keys: [...keys].sort(), chains: [...chains].sort() };
  notePlace(folder, root, scratch);
  const names = namesIn(runs).sort();
  const newest = names.at(-1);
  if (newest !== undefined && textIfThere(path.join(runs, newest)) === withChecksum(needs)) return;
  const stamp = scratch.clocks.date().toISOString().replaceAll(':', '-');
  writeChecksummed(path.join(runs, `${stamp}~${ownedName()}.json`), needs, scratch, 'atomic');
  for (const name of names.slice(0, Math.max(0, names.length + 1 - REMEMBERED))) {
    rmSync(path.join(runs, name), { force: true });
  }
}

/**
 * Needs of the newest `count` runs of every project that shares the cache, except projects that are
 * gone or have not run for a long time.
 */
export function lastRuns(
  projects: string,
  count: number,
  now: number,
  warn: (message: string) => void,
): Needs {
  const keys: string[] = [];
  const chains: string[] = [];
  if (count === 0) return { keys, chains };
  for (const folder of standingProjects(projects, now, warn)) {
    const runs = path.join(folder, 'runs');
    for (const name of namesIn(runs).sort().slice(-count)) {
      const needs = readSealed(path.join(runs, name), 'the note of a run', warn) as
        | Needs
        | undefined;
      keys.push(...(needs?.keys ?? []));
      chains.push(...(needs?.chains ?? []));
    }
  }
  return { keys, chains };
}

/** Folders of projects that exist and ran recently. */
export function standingProjects(
  projects: string,
  now: number,
  warn: (message: string) => void,
): string[] {
  return standings(projects, now, warn)
    .filter(({ holds }) => holds)
    .map(({ folder }) => folder);
}

/** Folders of projects that have not run for a long time; `own` is this project's. */
export function oldProjects(
  projects: string,
  own: string,
  now: number,
  warn: (message: string) => void,
): string[] {
  return standings(projects, now, warn)
    .filter(({ folder, isOld }) => folder !== own && isOld)
    .map(({ folder }) => folder);
}

function standings(
  projects: string,
  now: number,
  warn: (message: string) => void,
): (Standing & { readonly folder: string })[] {
  return namesIn(projects).map((name) => {
    const folder = path.join(projects, name);
    return { folder, ...standingOf(folder, newestRun(folder, now), now, warn) };
  });
}

/** Time of the newest note of a run; in a folder without one, of the newest file. */
function newestRun(folder: string, now: number): number {
  const runs = path.join(folder, 'runs');
  const newest = namesIn(runs).sort().at(-1);
  const file = newest === undefined ? folder : path.join(runs, newest);
  return lstatIfThere(file)?.mtimeMs ?? now;
}
