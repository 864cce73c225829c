/** Parameters to and from safetensors files, a shard at a time. */

import { mistake } from '@pipe-experiment/data/mistake.js';
import {
  SafetensorsReader,
  type TensorSource,
  writeSafetensors,
} from '@pipe-experiment/data/safetensors.js';
import * as tf from '@tensorflow/tfjs-core';
import type { ParamSpec, Params } from './params.js';

/** Values that leave the backend at once: 64 MiB. A tensor larger than that goes in several shards. */
const SHARD = 16 * 2 ** 20;

export async function writeParams(
  file: string,
  params: Params,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const sources = Object.entries(params).map(
    ([name, tensor]): TensorSource => ({
      name,
      shape: tensor.shape,
      pieces: () => shards(tensor),
    }),
  );
  await writeSafetensors(file, sources, metadata);
}

async function* shards(tensor: tf.Tensor): AsyncIterable<Float32Array> {
  if (tensor.size <= SHARD) {
    yield (await tensor.data()) as Float32Array;
    return;
  }
  for (let start = 0; start < tensor.size; start += SHARD) {
    const length = Math.min(SHARD, tensor.size - start);
    const shard = tf.tidy(() => tf.slice(tf.reshape(tensor, [-1]), start, length));
    const values = (await shard.data()) as Float32Array;
    shard.dispose();
    yield values;
  }
}

/**
 * Reads the parameters of `specs`, in their order, one tensor at a time.
 *
 * @throws when the file holds other names or shapes
 */
export function readParams(file: string, specs: readonly ParamSpec[]): Params {
  const reader = new SafetensorsReader(file);
  try {
    const entries = new Map(reader.tensors.map((entry) => [entry.name, entry]));
    if (entries.size !== specs.length) {
      throw mistake(`${file}: ${entries.size} tensors, expected ${specs.length}`);
    }
    const params: Record<string, tf.Tensor> = {};
    for (const { name, shape } of specs) {
      const entry = entries.get(name);
      if (!entry || entry.shape.join() !== shape.join()) {
        const found = entry ? `has the shape (${entry.shape.join(', ')})` : 'is missing';
        throw mistake(`${file}: ${name} ${found}, expected (${shape.join(', ')})`);
      }
      params[name] = tf.tensor(reader.read(entry), [...shape]);
    }
    return params;
  } finally {
    reader.close();
  }
}
