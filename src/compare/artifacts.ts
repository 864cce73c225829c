/** Compares two artifacts, files or folders: the first difference, or the deviation within a tolerance. */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import path from 'node:path';
import { lstatIfThere } from '../sys/if-there.js';
import { compareBytes } from './bytes.js';
import type { Tolerance } from './deviation.js';
import type { Comparison, Difference } from './difference.js';
import { compareValues } from './values.js';

/** Larger files are compared by bytes only. */
const LARGEST_VALUES = 1 << 30;

/**
 * With `tolerance`, compares values if the format is known; without it, bytes. `ofFile`: a separate
 * tolerance for a file in a folder.
 */
export function compareArtifacts(
  expected: string,
  actual: string,
  tolerance: Tolerance | undefined,
  ofFile: ReadonlyMap<string, Tolerance> = new Map(),
): Comparison {
  const found: { file: string; difference: Difference }[] = [];
  let largest = -1;
  for (const file of filesOf(expected, actual)) {
    const [before, now] = [path.join(expected, file), path.join(actual, file)];
    const compared = compareFiles(before, now, ofFile.get(file) ?? tolerance);
    if (compared === undefined) continue;
    if ('difference' in compared) found.push({ file, difference: compared.difference });
    else largest = Math.max(largest, compared.largest);
  }
  const first = found[0];
  if (first !== undefined) return { verdict: 'differs', ...first, more: found.length - 1 };
  return largest < 0 ? { verdict: 'same' } : { verdict: 'tolerated', largest };
}

/** Sorted names of all files, links and empty folders in the roots; '' for a root that is not a folder. */
function filesOf(...roots: readonly string[]): string[] {
  const names = new Set<string>();
  const walk = (root: string, folder: string) => {
    const full = path.join(root, folder);
    const below = lstatIfThere(full)?.isDirectory() === true ? readdirSync(full) : [];
    if (below.length === 0) names.add(folder);
    else for (const name of below) walk(root, path.join(folder, name));
  };
  for (const root of roots) walk(root, '');
  return [...names].sort();
}

function compareFiles(
  expected: string,
  actual: string,
  tolerance: Tolerance | undefined,
): { readonly difference: Difference } | { readonly largest: number } | undefined {
  const [before, now] = [natureOf(expected), natureOf(actual)];
  if (before === undefined && now === undefined) return undefined;
  if (before === undefined || now === undefined) {
    const side = before === undefined ? 'expected' : 'actual';
    return { difference: { kind: 'absent', side } };
  }
  if (before !== now) return { difference: { kind: 'nature', expected: before, actual: now } };
  if (before !== 'a file' && before !== 'an executable file') return undefined;
  const bytes = compareBytes(expected, actual);
  if (bytes === undefined) return undefined;
  if (Math.max(statSync(expected).size, statSync(actual).size) > LARGEST_VALUES)
    return { difference: bytes };
  const values = compareValues(
    expected,
    readFileSync(expected),
    readFileSync(actual),
    tolerance ?? {},
  );
  if (values === undefined) return { difference: bytes };
  if ('difference' in values) return values;
  // Equal values in different bytes: a different layout is a difference, unless a tolerance is
  // given.
  return tolerance === undefined ? { difference: bytes } : values;
}

function natureOf(file: string): string | undefined {
  const stat = lstatIfThere(file);
  if (stat === undefined) return undefined;
  if (stat.isSymbolicLink()) return `a link to ${readlinkSync(file)}`;
  if (stat.isDirectory()) return 'a folder';
  return stat.mode & 0o100 ? 'an executable file' : 'a file';
}
