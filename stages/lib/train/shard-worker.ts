/**
 * The other side of team.ts: a worker thread that computes shards. It runs the same bundle as the stage,
 * which is why this module, when it is loaded in such a thread, serves at once.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { type OpenedBackend, openBackend } from '@pipe-experiment/networks/backend/choose.js';
import * as tf from '@tensorflow/tfjs-core';
import { createNetwork, type NetworkConfig } from '../nn/create.js';
import type { Drawn } from './draw.js';
import { computeShard, readValues, type ShardOptions } from './shard.js';

const TASK = 'pipe-experiment: compute shards';

export interface TeamInput {
  readonly backend: OpenedBackend;
  readonly network: NetworkConfig;
  readonly size: number;
  readonly channels: number;
}

/** Float32 arrays that all threads see: the parameters, and what comes of each shard. */
export interface SharedMemory {
  readonly params: SharedArrayBuffer;
  readonly results: readonly SharedArrayBuffer[];
}

/** A shard to compute from the parameters that are in the shared memory; the answer is its index. */
export interface ShardMessage {
  readonly index: number;
  readonly drawn: Drawn;
  readonly options: ShardOptions;
}

/** `workerData` of such a thread. */
export function shardTask(input: TeamInput, memory: SharedMemory) {
  return { task: TASK, input, memory };
}

async function serve(
  { backend, network: config, size, channels }: TeamInput,
  memory: SharedMemory,
): Promise<void> {
  await openBackend(backend);
  const network = createNetwork(config, size, channels);
  const results = memory.results.map((buffer) => new Float32Array(buffer));
  parentPort!.on('message', ({ index, drawn, options }: ShardMessage) => {
    const params = readValues(network.specs, new Float32Array(memory.params));
    computeShard(network, params, drawn, options, results[index]!);
    tf.dispose(params);
    parentPort!.postMessage(index);
  });
}

// Not awaited: the modules that import this one name their architectures meanwhile.
if (!isMainThread && workerData?.task === TASK) void serve(workerData.input, workerData.memory);
