/** Remembers that pipeline.lock is up to date, so that no-op runs skip reading it. */
import { sha256 } from '../canonical.js';
import type { Variant } from '../decide/options.js';
import { cacheOf, itemAt, type Work } from '../decide/work.js';
import { LOCK_FILE, sectionOf } from '../lock/file.js';

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

/** True when the same results were compared with the same file before. */
export function isLockNoted(work: Work): boolean {
  const lock = cacheOf(work).scanSync(LOCK_FILE, { follow: true })?.digest;
  if (lock === undefined || !isComplete(work)) return false;
  const note = cacheOf(work).readKept('plans', nameOf(work)) as Note | undefined;
  return note?.lock === lock && note.results === resultsOf(work);
}

/** Call when the file holds the results of this run. */
export function noteLock(work: Work): void {
  cacheOf(work).forget(LOCK_FILE);
  const lock = cacheOf(work).scanSync(LOCK_FILE, { follow: true })?.digest;
  if (lock === undefined || !isComplete(work)) return;
  const note: Note = { lock, results: resultsOf(work) };
  cacheOf(work).writeKept('plans', nameOf(work), note);
}

function isComplete({ selected, settled }: Work): boolean {
  return settled.size === selected.length;
}

/** One note for each combination of options. */
function nameOf({ project, options }: Work): string {
  const call = [sectionOf(project.variant), options.targets, options.only];
  return sha256(JSON.stringify(['pipe lock note 1', project.root, ...call]));
}

function resultsOf(work: Work): string {
  let text = '';
  for (const index of work.selected) {
    const settled = work.settled.get(index);
    text += `${itemAt(work, index).id} ${settled?.key}`;
    for (const out of settled?.outs ?? []) text += ` ${out.digest}`;
    text += '\n';
  }
  return sha256(text);
}
