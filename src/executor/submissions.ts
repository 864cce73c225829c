/** The folders of submissions, `cache/jobs/submitted/<name>/`: the script of the jobs, and their output. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { removeTree } from '../cache/files/remove.js';
import { Homes } from '../decide/lock-home.js';
import { lockHolder } from '../process/file-lock.js';
import { namesIn, textIfThere } from '../sys/if-there.js';
import { makeFolder } from '../sys/make-folder.js';
import { JobFiles, jobsFolder, readJob } from './job-file.js';

/**
 * Paths of the job files, relative to `cache/jobs/`, because machines may see that folder under
 * different names.
 */
const LIST = 'jobs.json';

/** The name or number of the submission of a job. A job of an array has an additional index. */
export function submissionOf(job: string): string {
  return job.replace(/_\d+$/, '');
}

export function submissionFolder(root: string, name: string): string {
  return path.join(jobsFolder(root), 'submitted', name);
}

/** For nodes that share no folder. */
export const NODE_FOLDER = '/tmp';

interface Home {
  readonly root: string;
  /** True if the nodes see the project. */
  readonly isShared: boolean;
}

export function outputFile({ root, isShared }: Home, job: string): string {
  const [submission = job, number] = job.split('_');
  const folder = isShared ? submissionFolder(root, submission) : NODE_FOLDER;
  const stem = isShared ? 'output' : submission;
  return path.join(folder, number === undefined ? `${stem}.txt` : `${stem}-${number}.txt`);
}

/** @param files the job files; they must exist, because `sweepSubmissions` keeps the folder only then */
export function makeSubmission(root: string, name: string, files: readonly string[]): void {
  const folder = submissionFolder(root, name);
  makeFolder(folder);
  const list = files.map((file) => path.relative(jobsFolder(root), file));
  writeFileSync(path.join(folder, LIST), JSON.stringify(list));
}

/** Removes the folders of submissions whose jobs are all over. */
export function sweepSubmissions(root: string): void {
  const all = path.join(jobsFolder(root), 'submitted');
  for (const name of namesIn(all)) {
    const text = textIfThere(path.join(all, name, LIST));
    // Another run is making it.
    if (text === undefined || text === '') continue;
    const files = (JSON.parse(text) as string[]).map((each) => path.join(jobsFolder(root), each));
    if (!files.some((file) => isInUse(root, file))) removeTree(path.join(all, name));
  }
}

/** The job is current and not over, or its run has not read its output yet. */
function isInUse(root: string, file: string): boolean {
  const job = readJob(file);
  if (job === undefined) return false;
  const files = new JobFiles(root, job.item);
  if (files.current() !== job.nonce) return false;
  if (files.end(job.nonce) === undefined) return true;
  return lockHolder(new Homes(root).folder, jobLock(job.item)) !== undefined;
}

/** The lock of the run that follows the job of an item. */
export function jobLock(item: string): string {
  return `job ${item}`;
}
