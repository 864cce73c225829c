/**
 * Reads the metrics.json of an epoch: nested numbers by name. Reports and omits other values. NaN
 * and the infinities become null, so that a diverged training is visible.
 */
import { fstatSync, readFileSync, statSync } from 'node:fs';
import { listed } from '../../error.js';
import { isTree, parseLenient } from '../../json.js';
import type { Metrics } from '../../stage/context.js';
import { isPassing } from '../../sys/if-there.js';
import { withFile } from '../../sys/open-file.js';
import { isAbsent, reasonOf } from '../files/file-errors.js';
import { READ } from '../files/hash.js';

/** Records are read often and completely, so they must stay small. */
const LIMIT = 1 << 20;

/** Far deeper than any metrics that people write. */
const DEEPEST = 64;

/** Undefined when the file is missing or unreadable. The epoch still counts. */
export function readMetrics(
  file: string,
  shown: string,
  warn: (message: string) => void,
): Metrics | undefined {
  const text = readText(file, shown, warn);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = parseLenient(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    warn(`metrics.json of ${shown} is not JSON (${reasonOf(error)}): it is not recorded`);
    return undefined;
  }
  if (!isTree(value)) {
    warn(`metrics.json of ${shown} is not an object: it is not recorded`);
    return undefined;
  }
  if (depthOf(value) > DEEPEST) {
    warn(`metrics.json of ${shown} is nested more than ${DEEPEST} deep: it is not recorded`);
    return undefined;
  }
  const odd: string[] = [];
  const metrics = numbersOf(value, '', odd);
  if (odd.length > 0) {
    warn(
      `metrics.json of ${shown}: ${listed(odd)} ${odd.length === 1 ? 'is not a number' : 'are not numbers'}: not recorded`,
    );
  }
  return metrics;
}

/** The disk failed, not the file: the commit waits, instead of being recorded without its metrics. */
const DISK_FAULTS = new Set(['EIO', 'ENOSPC', 'EROFS', 'ESTALE']);

/**
 * Undefined, usually with a warning, if it is not a readable file. Never waits for a writer.
 *
 * @throws Error if the system cannot read any file now
 */
function readText(
  file: string,
  shown: string,
  warn: (message: string) => void,
): string | undefined {
  try {
    // Checked before opening, since opening a device may have effects.
    if (statSync(file).isFile()) return readRegular(file);
    warn(`metrics.json of ${shown} is not a file: it is not recorded`);
  } catch (error) {
    if (isPassing(error) || DISK_FAULTS.has(reasonOf(error))) throw error;
    if (isAbsent(error)) return undefined;
    warn(`metrics.json of ${shown} ${problemOf(error)}: it is not recorded`);
  }
  return undefined;
}

function readRegular(file: string): string {
  return withFile(file, READ, (handle) => {
    const stat = fstatSync(handle);
    if (!stat.isFile() || stat.size > LIMIT) throw new TooLarge();
    return readFileSync(handle, 'utf8');
  });
}

class TooLarge extends Error {}

function problemOf(error: unknown): string {
  return error instanceof TooLarge ? 'is larger than 1 MiB' : `cannot be read (${reasonOf(error)})`;
}

/** Depth of nested objects. Iterative, because deep nesting could overflow the stack. */
function depthOf(value: object): number {
  let depth = 0;
  for (let level: unknown[] = [value]; level.length > 0; depth++) {
    if (depth > DEEPEST) return depth;
    level = level.flatMap((each) => Object.values(each as object).filter(isTree));
  }
  return depth;
}

function numbersOf(tree: Record<string, unknown>, prefix: string, odd: string[]): Metrics {
  const kept: [string, number | null | Metrics][] = [];
  for (const [name, value] of Object.entries(tree)) {
    if (typeof value === 'number') kept.push([name, Number.isFinite(value) ? value : null]);
    else if (value === null) kept.push([name, null]);
    else if (isTree(value)) kept.push([name, numbersOf(value, `${prefix}${name}.`, odd)]);
    else odd.push(`${prefix}${name}`);
  }
  return Object.fromEntries(kept);
}
