/** `pipe doctor --executor`: submits a trivial job to show whether the jobs of a run can work. */
import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { NO_OPTIONS, type RunOptions } from '../decide/options.js';
import { openProject, rootOf } from '../decide/project.js';
import type { RunEvent } from '../event.js';
import { jobsFolder } from '../executor/job-file.js';
import { LOCAL_FILE } from '../executor/site.js';
import { run } from '../run/run-pipeline.js';
import { makeFolder } from '../sys/make-folder.js';
import type { CommandContext } from './command.js';

/** What a check of `pipe doctor` found. */
export interface Finding {
  readonly good: boolean;
  readonly text: string;
  /** Remarks that are not errors. */
  readonly notes?: readonly string[];
}

const PIPELINE = 'stages: { trial: { cmd: "echo > trial.txt", outs: [trial.txt] } }\n';

/**
 * Undefined without a project: another check reports it.
 *
 * @throws UserError for an unknown executor, and for mistakes in pipe.local.yaml
 */
export async function trialJob(
  executor: string,
  { host, terminal, interruption }: CommandContext,
): Promise<Finding | undefined> {
  const root = rootOf(host);
  if (root === undefined) return undefined;
  const cwd = makeTrialProject(root);
  const env = { ...host.env, PIPE_CACHE: undefined, PIPE_REMOTE: undefined };
  const warn = (message: string) => terminal.out(`note ${message}\n`);
  const project = await openProject(
    { ...host, cwd, env, file: undefined },
    { profiles: [], set: [] },
    warn,
  );
  const options: RunOptions = { ...NO_OPTIONS, force: true, executor, interruption };
  let where = 'this machine';
  const { items, summary } = await run(project, options, (event: RunEvent) => {
    if (event.type === 'waiting') warn(event.reason);
    if (event.type === 'warning') warn(event.message);
    if (event.type === 'start') where = event.where ?? where;
  });
  const { verdict, failure, reason } = items[0] ?? {};
  if (verdict === 'ran') {
    const text = `${executor}: a trial job ran on ${where}, ${summary.seconds.toFixed(0)} s after it was submitted`;
    return { good: true, text };
  }
  const why = failure?.message ?? reason;
  return { good: false, text: `${executor}: the trial job: ${why}`, notes: failure?.tail ?? [] };
}

/**
 * In the project, because the nodes must see that folder. It is not removed: the job may still be
 * ending.
 */
function makeTrialProject(root: string): string {
  const folder = path.join(jobsFolder(root), '.trial');
  makeFolder(folder);
  writeFileSync(path.join(folder, 'pipeline.yaml'), PIPELINE);
  const site = path.join(root, LOCAL_FILE);
  if (existsSync(site)) copyFileSync(site, path.join(folder, LOCAL_FILE));
  else writeFileSync(path.join(folder, LOCAL_FILE), '');
  return folder;
}
