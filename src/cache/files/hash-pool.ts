/** Hashes many files: in this thread for little data, else in worker threads, at least twice as fast. */
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { isAbsent } from './file-errors.js';
import { hashFile } from './hash.js';
import { finish } from './yielding.js';

export interface HashTask {
  readonly file: string;
  /** The expected hash. */
  readonly hex: string;
  readonly size: number;
}

/** Below this, starting a worker takes longer than it saves. */
const LITTLE_BYTES = 256 << 20;
const LITTLE_FILES = 5_000;
const MOST_WORKERS = 8;
/** Work per message to a worker: small enough that all workers end at about the same time. */
const BATCH_BYTES = 32 << 20;
const BATCH_FILES = 256;

/** The tasks whose file has a different hash, except files that disappeared. */
export async function checkHashes(
  tasks: readonly HashTask[],
  threads = threadsFor(tasks),
): Promise<HashTask[]> {
  const batches = batchesOf(tasks);
  const workers = Math.min(threads, batches.length);
  return workers < 2 ? checkHere(tasks) : checkInWorkers(batches, workers);
}

function threadsFor(tasks: readonly HashTask[]): number {
  const little = bytesOf(tasks) < LITTLE_BYTES && tasks.length < LITTLE_FILES;
  return little ? 1 : Math.min(MOST_WORKERS, availableParallelism());
}

function batchesOf(tasks: readonly HashTask[]): HashTask[][] {
  const batches: HashTask[][] = [];
  let batch: HashTask[] = [];
  let bytes = 0;
  for (const task of tasks) {
    batch.push(task);
    bytes += task.size;
    if (bytes < BATCH_BYTES && batch.length < BATCH_FILES) continue;
    batches.push(batch);
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

async function checkHere(tasks: readonly HashTask[]): Promise<HashTask[]> {
  const wrong: HashTask[] = [];
  for (const task of tasks) {
    try {
      if ((await finish(hashFile(task.file))).hex !== task.hex) wrong.push(task);
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
  }
  return wrong;
}

async function checkInWorkers(batches: HashTask[][], count: number): Promise<HashTask[]> {
  const wrong: HashTask[] = [];
  const waiting = batches.values();
  const work = async (worker: Worker): Promise<void> => {
    for (const batch of waiting) {
      const found = await ask(
        worker,
        batch.map(({ file, hex }) => [file, hex]),
      );
      for (const index of found) wrong.push(batch[index] as HashTask);
    }
  };
  // Lazy import, since almost no run needs it.
  const { Worker } = await import('node:worker_threads');
  const workers = Array.from({ length: count }, () => new Worker(WORKER, { eval: true }));
  try {
    await Promise.all(workers.map(work));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return wrong;
}

/** The indices of files with another hash. */
function ask(worker: Worker, pairs: readonly (readonly [string, string])[]): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const answered = (found: number[]) => {
      worker.off('error', reject);
      resolve(found);
    };
    worker.once('message', answered);
    worker.once('error', reject);
    worker.postMessage(pairs);
  });
}

function bytesOf(tasks: readonly HashTask[]): number {
  return tasks.reduce((sum, task) => sum + task.size, 0);
}

/** Source text, so that the worker needs no file in dist/: the loop of hash.ts, over one buffer. */
const WORKER = `
const { createHash } = require('node:crypto');
const { closeSync, openSync, readSync } = require('node:fs');
const { parentPort } = require('node:worker_threads');
const buffer = Buffer.allocUnsafeSlow(1 << 20);
function hashOf(file) {
  const handle = openSync(file, 'r');
  try {
    const sum = createHash('sha256');
    for (let count; (count = readSync(handle, buffer, 0, buffer.length, null)) > 0; ) {
      sum.update(buffer.subarray(0, count));
    }
    return sum.digest('hex');
  } finally {
    closeSync(handle);
  }
}
function isWrong(file, hex) {
  try {
    return hashOf(file) !== hex;
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}
parentPort.on('message', (pairs) => {
  const wrong = [];
  pairs.forEach(([file, hex], index) => isWrong(file, hex) && wrong.push(index));
  parentPort.postMessage(wrong);
});
`;
