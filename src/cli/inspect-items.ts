/** Shared by `status`, `why` and `graph`: predictions for the selected items, without running anything. */

import { existsSync } from 'node:fs';
import { handleOf } from '../decide/build-context.js';
import { explain } from '../decide/explain.js';
import { inspection } from '../decide/inspection.js';
import type { RunOptions } from '../decide/options.js';
import { areFresh, predict, waitingText } from '../decide/prediction.js';
import type { Project } from '../decide/project.js';
import type { Reason } from '../decide/reasons.js';
import { hasTemps } from '../decide/temp-outs.js';
import type { Emit } from '../event.js';
import { jobsFolder } from '../executor/job-file.js';
import type { StandingJob } from '../executor/standing-jobs.js';
import { withLock } from '../lockfile/lock-reasons.js';
import { refuseBrokenLock } from '../lockfile/up-to-date-note.js';
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
  /** Refuse a broken pipeline.lock, as a run would, even if no reason needs it. */
  readonly checkLock?: boolean;
}

/** Statuses of the targets and what they need. With `remote`, also asks the remote cache. */
export async function standings(
  project: Project,
  targets: readonly string[],
  { only, remote, warn = () => {}, manifests, checkLock }: StandingOptions = {},
): Promise<Standing[]> {
  // Whether a temporary out is needed depends on the items that read it.
  const inspected = await inspection(project, project.plan.items.some(hasTemps) ? [] : targets);
  const emit: Emit = (event) => event.type === 'warning' && warn(event.message);
  const options = { ...inspected.options, ...(remote === undefined ? {} : { remote }) };
  const build = withLock({ ...inspected, emit, options });
  const found = await foresee(build);
  if (checkLock) refuseBrokenLock(build, areFresh(found));
  const named = select(project.plan, targets);
  const shown = new Set(only ? named : withNeeds(project.plan, named));
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
    const reasons = explain(handle, prediction);
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
  const options = { only: targets.length > 0, warn, checkLock: true, ...remoteOption(parsed) };
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
