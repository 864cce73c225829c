/** Remembers that pipeline.lock is up to date, so that no-op runs skip reading it. */
import { sha256 } from '../canonical.js';
import { type BuildContext, itemAt } from '../decide/build-context.js';
import type { Variant } from '../decide/options.js';
import { lockNameOf, sectionOf } from './format/sections.js';
import { foundLock } from './lock-on-disk.js';

interface Note {
  /** Digest of the file. */
  readonly lock: string;
  /** Hash of all results that were compared with it. */
  readonly results: string;
}

/** Results of `--set` are experiments, which pipeline.lock does not contain. */
export function isLocked(variant: Variant): boolean {
  return sectionOf(variant) !== undefined;
}

/**
 * Call before anything runs. Reads the file if the run is not idle, or if no earlier run has read or written
 * it in this state.
 *
 * @throws UserError for a merge conflict, an edit, another format
 */
export function refuseBrokenLock(build: BuildContext, isIdle: boolean): void {
  const { project } = build;
  if (!isLocked(project.variant) || (isIdle && noteOf(build) !== undefined)) return;
  foundLock(project);
}

/** True if the same results were compared with the same file before. */
export function isLockNoted(build: BuildContext): boolean {
  return isComplete(build) && noteOf(build)?.results === resultsOf(build);
}

/** Call when the file contains the results of this run. */
export function noteLock(build: BuildContext): void {
  build.project.cache.forget(lockNameOf(build.project));
  const lock = digestOf(build);
  if (lock === undefined || !isComplete(build)) return;
  const note: Note = { lock, results: resultsOf(build) };
  build.project.cache.state.writeKept('plans', nameOf(build), note);
}

/** The note about the file in its current state. */
function noteOf(build: BuildContext): Note | undefined {
  const lock = digestOf(build);
  const note = build.project.cache.state.readKept('plans', nameOf(build)) as Note | undefined;
  return note?.lock === lock ? note : undefined;
}

function digestOf({ project }: BuildContext): string | undefined {
  return project.cache.scanSync(lockNameOf(project), { follow: true })?.digest;
}

function isComplete({ selected, settled }: BuildContext): boolean {
  return settled.size === selected.length;
}

/** One note for each combination of options. */
function nameOf({ project, options }: BuildContext): string {
  const call = [sectionOf(project.variant), options.targets, options.only, lockNameOf(project)];
  return sha256(JSON.stringify(['pipe lock note 1', project.root, ...call]));
}

function resultsOf(build: BuildContext): string {
  let text = '';
  for (const index of build.selected) {
    const settled = build.settled.get(index);
    text += `${itemAt(build, index).id} ${settled?.key}`;
    for (const out of settled?.outs ?? []) text += ` ${out.digest}`;
    text += '\n';
  }
  return sha256(text);
}
