/** Garbage collection: removes unreferenced objects, then evicts what is cheapest to recompute. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { lstatIfThere, namesIn } from '../../sys/if-there.js';
import type { CacheContext } from '../files/cache-context.js';
import { removeTree } from '../files/remove.js';
import { notDeleted } from '../files/scratch-folder.js';
import { finish } from '../files/yielding.js';
import { Sweeper } from '../objects/sweeper.js';
import { readPins, sweepPins } from '../records/pins.js';
import { projectName } from '../records/record-names.js';
import { lastRuns, oldProjects, standingProjects } from '../records/run-needs.js';
import { defaultMaxSize } from './disk-usage.js';
import type { Needed } from './eviction.js';
import { GcFiles } from './gc-files.js';
import { type Collected, GcLedger } from './gc-ledger.js';
import { GcResults } from './gc-results.js';
import { takeInventory } from './inventory.js';
import { NeededLogs } from './log-retention.js';

export interface GcRoots {
  /** Keys of the current plan and of pipeline.lock. */
  readonly keys: readonly string[];
  /** Chains of the current plan, with the requested epoch. */
  readonly chains: readonly { readonly chain: string; readonly epoch: number }[];
  /** Log folders of the items. */
  readonly logs?: readonly string[];
}

export interface GcOptions {
  readonly roots: GcRoots;
  /** Limit in bytes. Default: `defaultMaxSize`. */
  readonly maxSize?: number;
  /**
   * Age in seconds above which unneeded results are removed, even below the size limit. Default: no
   * limit.
   */
  readonly maxAge?: number;
  /** How many recent runs of each project count as needs. Default: 3. */
  readonly lastRuns?: number;
  /** Report only. */
  readonly dry?: boolean;
}

export interface GcReport extends Collected {
  readonly maxSize: number;
  /** Bytes that the current pipeline, running processes or recent runs need: never removed. */
  readonly bytesNeeded: number;
}

/** A few ticks of the coarsest file system clock. */
const MARGIN_MS = 5_000;

/** Plans and traces that were not rewritten for this long are unused. */
const KEPT_MS = 30 * 86_400_000;

/** The caller has placed this process's pin: its time is the start of the collection. */
export async function collect(context: CacheContext, options: GcOptions): Promise<GcReport> {
  const { layout, scratch, warn } = context;
  const dry = options.dry ?? false;
  const pins = readPins(layout.pins, scratch);
  const now = scratch.clocks.now();
  const horizon = Math.min(pins.since, now) - MARGIN_MS;
  const runs = lastRuns(layout.projects, options.lastRuns ?? 3, now, warn);
  const inventory = await finish(takeInventory(context));
  const needed = neededBy(options.roots, [...pins.keys, ...runs.keys], runs.chains, pins.chains);
  const sweeper = new Sweeper(layout.root, scratch, horizon, dry);
  const ledger = new GcLedger();
  const results = new GcResults(layout.records, inventory, needed, sweeper, ledger);
  const files = new GcFiles(context, sweeper, ledger, now);
  const bytesNeeded = await results.mark();
  const maxSize = options.maxSize ?? defaultMaxSize(layout.root);
  const oldest = options.maxAge === undefined ? 0 : now - options.maxAge * 1000;
  results.removeInvalid();
  await results.removeGarbage();
  files.removeOldReplaced();
  const projects = standingProjects(layout.projects, now, warn);
  const logs = new NeededLogs(layout, options.roots.logs ?? [], projects);
  files.removeLogs(logs, { since: pins.since, oldest, maxSize });
  await results.removeResults(oldest, maxSize);
  files.removeReplaced(maxSize);
  if (!dry) tidy(context, now);
  return { ...ledger.report(), maxSize, bytesNeeded };
}

function neededBy(
  roots: GcRoots,
  keys: readonly string[],
  chains: readonly string[],
  busy: readonly string[],
): Needed {
  const asked = new Map<string, Set<number>>();
  for (const chain of chains) asked.set(chain, new Set());
  for (const { chain, epoch } of roots.chains) {
    asked.set(chain, new Set([...(asked.get(chain) ?? []), epoch]));
  }
  return { keys: new Set([...roots.keys, ...keys]), chains: asked, busy: new Set(busy) };
}

/** Removes stale pins, old projects, damaged objects, and old plans, traces and no-op answers. */
function tidy({ layout, scratch, warn }: CacheContext, now: number): void {
  sweepPins(layout.pins, scratch);
  const own = path.join(layout.projects, projectName(layout));
  for (const folder of [...oldProjects(layout.projects, own, now, warn), layout.damaged]) {
    const left = removeTree(folder);
    if (left !== undefined) warn(notDeleted(left));
  }
  const oldest = now - KEPT_MS;
  for (const folder of [layout.plans, layout.traces, layout.stills]) {
    for (const name of namesIn(folder)) {
      const file = path.join(folder, name);
      const stat = lstatIfThere(file);
      if (stat !== undefined && stat.mtimeMs < oldest) rmSync(file, { force: true });
    }
  }
}
