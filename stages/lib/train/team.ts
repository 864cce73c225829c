/**
 * Data-parallel training: the batch is cut into a fixed number of shards, whose gradients are computed in
 * this thread and others and added in their order. So the bytes depend on the number of shards, and not on
 * the number of threads.
 */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { mistake } from '@pipe-experiment/data/mistake.js';
import { createNetwork } from '../nn/create.js';
import {
  computeShard,
  joinShards,
  parametersLength,
  resultLength,
  shardOf,
  writeValues,
} from './shard.js';
import { type ShardMessage, type SharedMemory, shardTask, type TeamInput } from './shard-worker.js';
import { clipped } from './step.js';
import type { Differentiate } from './stepper.js';

export interface Team {
  readonly differentiate: Differentiate;
  /** Ends the threads. */
  close(): Promise<void>;
}

/** @param threads how many compute at once, this one among them; no more than there are shards */
export function startTeam(input: TeamInput, shards: number, threads: number): Team {
  if (input.backend !== 'wasm' && input.backend !== 'cpu') {
    throw mistake(
      `train.shards is ${shards}, but the backend ${input.backend} computes a batch as a whole`,
      'Set train.shards to 1, or train.backend to wasm.',
    );
  }
  const { specs } = createNetwork(input.network, input.size, input.channels);
  const memory = allocate(parametersLength(specs), resultLength(specs), shards);
  const params = new Float32Array(memory.params);
  const results = memory.results.map((buffer) => new Float32Array(buffer));
  // A thread runs the bundle that this is part of; there is none when the sources are run as they are.
  const bundle = fileURLToPath(import.meta.url);
  const others = bundle.endsWith('.ts') ? 0 : Math.min(shards, threads) - 1;
  const helpers = Array.from({ length: others }, () => startHelper(bundle, input, memory));
  return {
    async differentiate(network, weights, drawn, options) {
      if (drawn.count < shards) throw mistake(`a batch of ${drawn.count} has no ${shards} shards`);
      const parts = Array.from({ length: shards }, (_, i) => shardOf(drawn, i, shards));
      writeValues(specs, weights, params);
      const { loss, klShare } = options;
      const awaited: Promise<void>[] = [];
      const own: number[] = [];
      for (const [index, part] of parts.entries()) {
        const helper = helpers[(index % (others + 1)) - 1];
        if (helper)
          awaited.push(helper.compute({ index, drawn: part, options: { loss, klShare } }));
        else own.push(index);
      }
      // The first shard is always this thread's.
      const counts = own.map((i) =>
        computeShard(network, weights, parts[i]!, options, results[i]!),
      );
      await Promise.all(awaited);
      const images = parts.map(({ count }) => count);
      const joined = joinShards(specs, results, images, counts[0]!);
      return { ...joined, gradients: clipped(joined.gradients, options.clip) };
    },
    async close() {
      await Promise.all(helpers.map((helper) => helper.close()));
    },
  };
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

function startHelper(bundle: string, input: TeamInput, memory: SharedMemory): Helper {
  const worker = new Worker(bundle, { workerData: shardTask(input, memory) });
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
