/**
 * Data-parallel training: the batch is cut into a fixed number of shards, whose gradients are computed in
 * this thread and others and added in their order. So the bytes depend on the number of shards, and not on
 * the number of threads.
 */
import { parentPort, type Worker } from 'node:worker_threads';
import { mistake } from '@pipe-experiment/data/mistake.js';
import * as tf from '@tensorflow/tfjs-core';
import type { Params } from '../params.js';
import { clipGradients } from './clip.js';
import { ReplayedPasses, type StartPasses } from './passes.js';
import {
  joinShards,
  type Layout,
  parametersLength,
  readValues,
  resultLength,
  resultOf,
  writeResult,
  writeValues,
} from './shard.js';
import type { Derivatives, Objective } from './step.js';
import { shardOf, type Values } from './values.js';

export interface Team {
  readonly startPasses: StartPasses;
  /** Ends the threads. */
  close(): Promise<void>;
}

/** Float32 arrays that all threads see: the parameters, and what comes of each shard. */
export interface SharedMemory {
  readonly params: SharedArrayBuffer;
  readonly results: readonly SharedArrayBuffer[];
}

/** A shard to compute from the parameters that are in the shared memory; the answer is its index. */
interface ShardMessage {
  readonly index: number;
  readonly shard: Values;
  readonly recipe: unknown;
}

/** The passes of this thread, and what the others need to make theirs. */
interface Task {
  readonly own: ReplayedPasses;
  readonly recipe: unknown;
}

/** Starts another thread, which is to call `serveShards`. */
export type StartThread = (memory: SharedMemory) => Worker;

/** @param others how many threads compute beside this one; fewer than there are shards */
export function startTeam(
  layout: Layout,
  shards: number,
  others: number,
  start: StartThread,
): Team {
  const { specs } = layout;
  const memory = allocate(parametersLength(specs), resultLength(layout), shards);
  const params = new Float32Array(memory.params);
  const results = memory.results.map((buffer) => new Float32Array(buffer));
  const helpers = Array.from({ length: others }, () => helperOf(start(memory)));
  const differentiate = async (
    { own, recipe }: Task,
    weights: Params,
    values: Values,
    clip: number,
  ): Promise<Derivatives> => {
    const { count } = values;
    if (count < shards) throw mistake(`a batch of ${count} has no ${shards} shards`);
    const parts = Array.from({ length: shards }, (_, i) => shardOf(values, i, shards));
    if (others > 0) writeValues(specs, weights, params);
    const helperOfShard = (index: number) => helpers[(index % (others + 1)) - 1];
    const awaited = parts.map((shard, index) =>
      helperOfShard(index)?.compute({ index, shard, recipe }),
    );
    // The first shard is always this thread's.
    const mine = parts.map((shard, index) =>
      helperOfShard(index) ? undefined : own.differentiate(weights, shard, 0),
    );
    await Promise.all(awaited);
    const all = mine.map((derivatives, i) => (derivatives ? resultOf(derivatives) : results[i]!));
    const examples = parts.map((part) => part.count);
    const joined = joinShards(layout, all, examples, mine[0]!.moments);
    return { ...joined, gradients: clipGradients(joined.gradients, clip) };
  };
  return {
    startPasses(objective) {
      const own = new ReplayedPasses(objective);
      const task = { own, recipe: objective.recipe };
      return {
        differentiate: (weights, values, clip) => differentiate(task, weights, values, clip),
        dispose: () => own.dispose(),
      };
    },
    async close() {
      await Promise.all(helpers.map((helper) => helper.close()));
    },
  };
}

/** The other side: computes the shards that a team sends to this thread. */
export function serveShards(
  memory: SharedMemory,
  objectiveOf: (recipe: unknown) => Objective,
): void {
  const results = memory.results.map((buffer) => new Float32Array(buffer));
  const values = new Float32Array(memory.params);
  let task: { recipe: string; objective: Objective; passes: ReplayedPasses } | undefined;
  parentPort!.on('message', ({ index, shard, recipe: given }: ShardMessage) => {
    const recipe = JSON.stringify(given);
    if (recipe !== task?.recipe) {
      task?.passes.dispose();
      const objective = objectiveOf(given);
      task = { recipe, objective, passes: new ReplayedPasses(objective) };
    }
    const { objective, passes } = task;
    const params = readValues(objective.specs, values);
    const derivatives = passes.differentiate(params, shard, 0);
    writeResult(objective, resultOf(derivatives), results[index]!);
    tf.dispose(params);
    parentPort!.postMessage(index);
  });
}

function allocate(params: number, result: number, shards: number): SharedMemory {
  const shared = (length: number) => new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT);
  return {
    params: shared(params),
    results: Array.from({ length: shards }, () => shared(result)),
  };
}

interface Helper {
  /** Resolves when the result is in the shared memory. */
  compute(message: ShardMessage): Promise<void>;
  close(): Promise<void>;
}

function helperOf(worker: Worker): Helper {
  const waiting = new Map<number, { resolve(): void; reject(error: unknown): void }>();
  let failure: unknown;
  worker.on('message', (index: number) => {
    waiting.get(index)?.resolve();
    waiting.delete(index);
  });
  const fail = (error: unknown) => {
    failure ??= error;
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  };
  worker.on('error', fail);
  worker.on('exit', (code) => fail(new Error(`a thread that computes shards ended: code ${code}`)));
  return {
    compute(message) {
      if (failure !== undefined) return Promise.reject(failure);
      return new Promise((resolve, reject) => {
        waiting.set(message.index, { resolve, reject });
        worker.postMessage(message);
      });
    },
    async close() {
      await worker.terminate();
    },
  };
}
