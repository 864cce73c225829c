/** Between epochs one thread has all weights; during an epoch each member of a team has those that it owns. */
import { viewOf } from '@pipe-experiment/kernels/shared-values.js';
import * as tf from '@tensorflow/tfjs-core';
import type { Params } from '../params.js';
import type { SharedMemory } from './member.js';
import { type Entry, partOf, readEntry } from './shard.js';
import { mapWeights, type Weights } from './step.js';

const KINDS = ['params', 'first', 'second', 'ema'] as const;

function partsOf({ params, adam, ema = {} }: Weights): Record<(typeof KINDS)[number], Params> {
  return { params, first: adam.first, second: adam.second, ema };
}

/** Puts what other members need into the shared memory. Gives the weights of the first. */
export function deal(entries: readonly Entry[], weights: Weights, memory: SharedMemory): Weights {
  const others = entries.filter(({ owner }) => owner !== 0);
  const parts = partsOf(weights);
  for (const kind of KINDS) {
    const array = new Float32Array(memory[kind]);
    // Each computes with all parameters.
    for (const entry of kind === 'params' && others.length > 0 ? entries : others) {
      const tensor = parts[kind][entry.name];
      if (tensor) partOf(array, entry).set(viewOf(tensor));
    }
  }
  const names = new Set(others.map(({ name }) => name));
  for (const kind of KINDS)
    tf.dispose(Object.entries(parts[kind]).flatMap(([name, x]) => (names.has(name) ? x : [])));
  return mapWeights(weights, (values) =>
    Object.fromEntries(Object.entries(values).filter(([name]) => !names.has(name))),
  );
}

/** The weights of all, of which the first member has its own. */
export function collect(entries: readonly Entry[], own: Weights, memory: SharedMemory): Weights {
  const whole = (kind: (typeof KINDS)[number], values: Params): Params => {
    const array = new Float32Array(memory[kind]);
    const tensorOf = (entry: Entry) =>
      entry.owner === 0 ? values[entry.name] : readEntry(array, entry);
    const all = entries.map((entry) => [entry.name, tensorOf(entry)] as const);
    return Object.fromEntries(all.filter(([, tensor]) => tensor)) as Params;
  };
  const { params, adam, ema } = own;
  return {
    params: whole('params', params),
    adam: {
      ...adam,
      first: whole('first', adam.first),
      second: whole('second', adam.second),
    },
    ema: ema && whole('ema', ema),
  };
}
