/** Draws the batches of an epoch ahead of the training, in threads of their own. */
import { Worker } from 'node:worker_threads';
import { bundleFile } from '@pipe-experiment/data/bundle-file.js';
import { type Drawn, drawBatch, type EpochPlan } from './draw.js';
import { type DrawingInput, type DrawnMessage, drawingTask, drawSource } from './draw-worker.js';

/** Gives the batches of epochs, one epoch after the other. */
export interface Drawing {
  /** In their order; an epoch that is left early is the last. */
  batches(plan: EpochPlan): AsyncIterable<Drawn>;
  /** Ends the threads. */
  close(): Promise<void>;
}

/** Batches that each thread is ahead. */
const AHEAD = 2;

/** @param threads 0: this one draws. What is drawn does not depend on their number. */
export function startDrawing(input: DrawingInput, threads: number): Drawing {
  const bundle = bundleFile();
  return threads > 0 && bundle !== undefined
    ? drawInThreads(input, bundle, threads)
    : drawHere(input);
}

function drawHere(input: DrawingInput): Drawing {
  const source = drawSource(input);
  return {
    async *batches(plan) {
      for (let index = 0; index < plan.batches; index++) {
        yield drawBatch(input.config, source, plan, index);
      }
    },
    async close() {},
  };
}

function drawInThreads(input: DrawingInput, bundle: string, count: number): Drawing {
  const ready = new Map<number, Drawn>();
  let threads: readonly Worker[] = [];
  let failure: unknown;
  let wake = () => {};

  const start = () => {
    const worker = new Worker(bundle, { workerData: drawingTask(input) });
    worker.on('message', ({ index, drawn }: DrawnMessage) => {
      ready.set(index, drawn);
      wake();
    });
    const fail = (error: unknown) => {
      failure ??= error;
      wake();
    };
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new Error(`a thread that draws batches ended: code ${code}`)));
    return worker;
  };

  const take = async (index: number): Promise<Drawn> => {
    for (;;) {
      const drawn = ready.get(index);
      if (drawn !== undefined) {
        ready.delete(index);
        return drawn;
      }
      if (failure !== undefined) throw failure;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };

  return {
    async *batches(plan) {
      if (threads.length === 0) threads = Array.from({ length: count }, start);
      for (const worker of threads) worker.postMessage(plan);
      let asked = 0;
      for (let index = 0; index < plan.batches; index++) {
        for (; asked < Math.min(plan.batches, index + count * AHEAD); asked++) {
          threads[asked % count]!.postMessage(asked);
        }
        yield await take(index);
      }
    },
    async close() {
      await Promise.all(threads.map((worker) => worker.terminate()));
    },
  };
}
