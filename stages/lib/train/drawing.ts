/** Draws the batches of an epoch ahead of the training, in threads of their own. */
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type Drawn, drawBatch, type EpochPlan } from './draw.js';
import { type DrawingInput, drawingTask } from './draw-worker.js';

/** Gives the batches of an epoch in their order. */
export interface Drawing {
  batches(plan: EpochPlan): AsyncIterable<Drawn>;
  /** Ends the threads. */
  close(): Promise<void>;
}

/** Threads: pre-filling a batch can take longer than a GPU takes to train on it. */
const MOST_THREADS = 4;
/** Batches that each thread is ahead. */
const AHEAD = 2;

/** With half of the machine's cores, at most; in this thread where there is one core. */
export function startDrawing(input: DrawingInput): Drawing {
  const threads = Math.min(MOST_THREADS, Math.floor(availableParallelism() / 2));
  return threads > 0 ? drawInThreads(input, threads) : drawHere(input);
}
