/** Location and last run of each project that uses a cache: a deleted clone keeps no results alive. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { lstatIfThere } from '../../sys/if-there.js';
import { renew } from '../files/renew.js';
import type { Scratch } from '../files/scratch-folder.js';
import { writeChecksummed } from '../files/write-whole.js';
import { readSealed } from './records.js';

interface Place {
  /** Absolute path of the project. */
  readonly root: string;
  readonly host: string;
}

/** How long a project's last run protects its needs. */
const HOLDS_MS = 30 * 86_400_000;

export interface Standing {
  /** False when the project is gone, or has not run for a long time. */
  readonly holds: boolean;
  /** True when it has not run for a long time. */
  readonly isOld: boolean;
}

/** Called at the end of each run. `folder`: the project's folder in the cache. */
export function notePlace(folder: string, root: string, scratch: Scratch): void {
  const file = placeFile(folder);
  const place: Place = { root, host: thisHost() };
  const known = readSealed(file, 'the place of a project', () => {}) as Place | undefined;
  if (
    known?.root !== place.root ||
    known.host !== place.host ||
    !renew(file, scratch.clocks.date())
  )
    writeChecksummed(file, place, scratch, 'atomic');
}

/** `lastRun`: time of the last noted run, for a folder without a location. `now`: by the cache's clock. */
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

/** A project on another host cannot be checked. */
function isGone(place: Place | undefined): boolean {
  if (place === undefined || place.host !== thisHost()) return false;
  return lstatIfThere(place.root) === undefined;
}

function placeFile(folder: string): string {
  return path.join(folder, 'place.json');
}

/** Hosts with the same name differ in their machine id, if the system has one. */
function thisHost(): string {
  let machine = '';
  try {
    machine = readFileSync('/etc/machine-id', 'latin1').trim();
  } catch {
    // Otherwise only the name counts: at worst a result is computed again.
  }
  return `${hostname()} ${machine}`;
}
