/** Where a project that uses a cache lies, and when it ran last: a clone that is gone holds no results. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { lstatIfThere, renew } from '../files/look.js';
import type { Scratch } from '../files/scratch.js';
import { writeSealed } from '../files/sealed-file.js';
import { readSealed } from './records.js';

interface Place {
  /** Absolute path of the project. */
  readonly root: string;
  readonly host: string;
}

/** How long the last run of a project holds what it needed. */
const HOLDS_MS = 30 * 86_400_000;

export interface Standing {
  /** False when the project is seen to be gone, or has not run for a long time. */
  readonly holds: boolean;
  /** True when it has not run for a long time. */
  readonly isOld: boolean;
}

/** Called at the end of each run. `folder`: the project's own in the cache. */
export function notePlace(folder: string, root: string, scratch: Scratch): void {
  const file = placeFile(folder);
  const place: Place = { root, host: thisHost() };
  const known = readSealed(file, 'the place of a project', () => {}) as Place | undefined;
  if (
    known?.root !== place.root ||
    known.host !== place.host ||
    !renew(file, scratch.clocks.date())
  )
    writeSealed(file, place, scratch, 'atomic');
}

/** `lastRun`: when a run was last noted, for a folder that says nothing of its place. `now`: by the clock of the cache. */
export function standingOf(
  folder: string,
  lastRun: number,
  now: number,
  warn: (message: string) => void,
): Standing {
  const file = placeFile(folder);
  const time = lstatIfThere(file)?.mtimeMs ?? lastRun;
  const isOld = time < now - HOLDS_MS;
  const place = readSealed(file, 'the place of a project', warn) as Place | undefined;
  return { holds: !isOld && !isGone(place), isOld };
}

/** Of another host nothing can be seen. */
function isGone(place: Place | undefined): boolean {
  if (place === undefined || place.host !== thisHost()) return false;
  return lstatIfThere(place.root) === undefined;
}

function placeFile(folder: string): string {
  return path.join(folder, 'place.json');
}

/** Hosts of one name differ in their machine id, where the system has one. */
function thisHost(): string {
  let machine = '';
  try {
    machine = readFileSync('/etc/machine-id', 'latin1').trim();
  } catch {
    // The name alone then: at worst a result is computed again.
  }
  return `${hostname()} ${machine}`;
}
