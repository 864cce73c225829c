/** Shared by `status`, `why` and `graph`: predictions for the selected items, without running anything. */

import { existsSync } from 'node:fs';
import { handleOf, type ItemHandle } from '../decide/build-context.js';
import { explain } from '../decide/explain.js';
import { inspection } from '../decide/inspection.js';
import type { RunOptions } from '../decide/options.js';
import { predict, waitingText } from '../decide/prediction.js';
import type { Project } from '../decide/project.js';
import type { Reason } from '../decide/reasons.js';
import type { Decision } from '../decide/staleness.js';
import { hasTemps } from '../decide/temp-outs.js';
import type { Emit } from '../event.js';
import { jobsFolder } from '../executor/job-file.js';
import type { StandingJob } from '../executor/standing-jobs.js';
import type { LockBlock } from '../lockfile/format/block.js';
import type { LockSection } from '../lockfile/format/sections.js';
import { lockedItems } from '../lockfile/lock-on-disk.js';
import { lockDifferences } from '../lockfile/lock-reasons.js';
import type { Standing as ShownStanding } from '../page/collect.js';
import type { ItemState } from '../page/model.js';
import { select, withNeeds } from '../pipeline/select.js';
import { foresee } from '../run/foresee.js';
import { type CommandContext, withProject } from './command.js';
import type { Parsed } from './command-usage.js';
import { remoteOption } from './run-options.js';

export interface Standing extends ShownStanding {
  /** `desc:` of its stage. */
  readonly desc?: string;
  /** All differences, likeliest cause first; empty for a fresh item. */
  readonly reasons: readonly Reason[];
  /** Its batch job, while that waits or runs. */
  readonly job?: Omit<StandingJob, 'text'>;
}

interface StandingOptions extends Pick<RunOptions, 'remote'> {
  /** Omit the items that the targets need. */
  readonly only?: boolean;
  readonly warn?: (message: string) => void;
  readonly manifests?: boolean;
}

/** Statuses of the targets and what they need. With `remote`, also asks the remote cache. */
export async function standings(
  project: Project,
  targets: readonly string[],
  { only = false, remote, warn = () => {}, manifests = false }: StandingOptions = {},
): Promise<Standing[]> {
  // Whether a temporary out is needed depends on the items that read it.
  const inspected = await inspection(project, project.plan.items.some(hasTemps) ? [] : targets);
  const emit: Emit = (event) => event.type === 'warning' && warn(event.message);
  const options = { ...inspected.options, ...(remote === undefined ? {} : { remote }) };
  const build = { ...inspected, emit, options };
  const found = await foresee(build);
  const named = select(project.plan, targets);
  const shown = new Set(only ? named : withNeeds(project.plan, named));
  const lock = lockOf(project);
  const listed: Standing[] = [];
  for (const [index, prediction] of found) {
    if (!shown.has(index)) continue;
    const handle = handleOf(build, index);
    const { item } = handle;
    const about = { item: item.id, ...(item.desc !== undefined && { desc: item.desc }) };
    if (prediction.kind === 'unknown') {
      const text = waitingText(prediction.waitsFor);
      listed.push({ ...about, state: 'unknown', reasons: [{ kind: 'upstream', text }] });
      continue;
    }
    const reasons = reasonsOf(handle, prediction, lock);
    const key = prediction.kind === 'missing' ? {} : { key: prediction.key };
    const made =
      manifests && prediction.kind === 'run' ? { manifest: prediction.manifest } : undefined;
    listed.push({ ...about, state: STATES[prediction.kind], reasons, ...key, ...made });
  }
  return withJobs(project, listed);
}

/** Of the items that the line names; without names, of all. */
export function namedStandings(parsed: Parsed, context: CommandContext): Promise<Standing[]> {
  const { positionals: targets } = parsed;
  const { warn } = context.terminal;
  const options = { only: targets.length > 0, warn, ...remoteOption(parsed) };
  return withProject(parsed, context, (project) => standings(project, targets, options));
}

/** Reasons that the job of an item replaces. */
const ENDS: readonly Reason['kind'][] = ['interrupted', 'running', 'never', 'lost', 'upstream'];

/** The first reason says where the job of the item waits or runs. */
async function withJobs(project: Project, listed: readonly Standing[]): Promise<Standing[]> {
  const open = listed.filter(({ state }) => state !== 'fresh').map(({ item }) => item);
  if (open.length === 0 || !existsSync(jobsFolder(project.root))) return [...listed];
  const { standingJobs } = await import('../executor/standing-jobs.js');
  const jobs = await standingJobs(project, open);
  return listed.map((standing) => {
    const found = jobs.get(standing.item);
    if (found === undefined) return standing;
    const { text, ...job } = found;
    const kind = job.phase === 'running' ? 'running' : 'submitted';
    const others = standing.reasons.filter((each) => !ENDS.includes(each.kind));
    return { ...standing, reasons: [{ kind, text }, ...others], job };
  });
}

/**
 * Looks up the variant's blocks of pipeline.lock, and reads the file on demand. With `--set` there
 * are none.
 */
function lockOf(project: Project): (item: string) => LockBlock | undefined {
  let section: LockSection | undefined;
  return (item) => {
    section ??= lockedItems(project) ?? new Map();
    return section.get(item);
  };
}

/**
 * Compares with the item's last result of any variant, and with this variant's section of
 * pipeline.lock. The comparison with fewer differences shows the cause.
 */
function reasonsOf(
  handle: ItemHandle,
  prediction: Decision,
  lock: (item: string) => LockBlock | undefined,
): readonly Reason[] {
  const reasons = explain(handle, prediction);
  if (prediction.kind !== 'run' || prediction.cause !== 'stale' || !isComparison(reasons))
    return reasons;
  const block = lock(handle.item.id);
  if (block === undefined) return reasons;
  if (block.key === prediction.key)
    return [{ kind: 'lost', text: 'its result is not in the cache' }];
  const locked = lockDifferences(handle, block, prediction.manifest);
  const isNever = reasons[0]?.kind === 'never';
  return locked.length > 0 && (isNever || locked.length < reasons.length) ? locked : reasons;
}

/** False for a reason that states how the last execution ended. */
function isComparison([first]: readonly Reason[]): boolean {
  return first === undefined || !['failed', 'interrupted', 'running'].includes(first.kind);
}

/** States of the targets and what they need, by index in the plan. */
export async function statesOf(
  project: Project,
  targets: readonly string[],
): Promise<ReadonlyMap<number, ItemState>> {
  const states = new Map<number, ItemState>();
  for (const [index, { kind }] of await predict(await inspection(project, targets))) {
    states.set(index, kind === 'unknown' ? kind : STATES[kind]);
  }
  return states;
}

const STATES = { fresh: 'fresh', restore: 'restorable', run: 'stale', missing: 'missing' } as const;
