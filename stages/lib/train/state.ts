/** The complete state of a training run, to and from a folder: what resumes it byte for byte. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeJson } from '@pipe-experiment/data/json.js';
import { mistake } from '@pipe-experiment/data/mistake.js';
import type { LibraryVersion } from '@pipe-experiment/networks/backend/native.js';
import { initParams, type ParamSpec } from '@pipe-experiment/networks/params.js';
import { readParams, writeParams } from '@pipe-experiment/networks/tensor-files.js';
import { initAdam } from '@pipe-experiment/networks/training/adam.js';
import type { Weights } from '@pipe-experiment/networks/training/step.js';
import * as tf from '@tensorflow/tfjs-core';
import type { Network } from '../nn/network.js';
import type { TrainConfig } from './config.js';
import type { EpochLoss } from './epoch.js';
import type { Validation } from './validate.js';

/** One line of the history. */
export type EpochRecord = EpochLoss & {
  readonly epoch: number;
  readonly learningRate: number;
  readonly val?: Validation;
  /** On TensorFlow's backends. */
  readonly tensorflow?: LibraryVersion;
};

export interface TrainState {
  readonly weights: Weights;
  /** Epochs completed. */
  readonly epoch: number;
  readonly history: readonly EpochRecord[];
}

/** `state.json`. The random streams are named by seed and epoch, so these two are their whole state. */
interface StateFile {
  readonly format: 1;
  readonly epoch: number;
  /** Updates made by Adam. */
  readonly step: number;
  readonly random: { readonly generator: 'xoshiro128**'; readonly seed: number };
  readonly history: readonly EpochRecord[];
}

const FILES = {
  params: 'params.safetensors',
  first: 'adam-first.safetensors',
  second: 'adam-second.safetensors',
  ema: 'ema.safetensors',
  state: 'state.json',
} as const;

/** The state before the first epoch. */
export function initState(
  network: Network,
  { seed, ema }: Pick<TrainConfig, 'seed' | 'ema'>,
): TrainState {
  const params = initParams(network.specs, seed);
  const trainable = network.specs.filter((spec) => spec.trainable).map(({ name }) => name);
  const adam = initAdam(Object.fromEntries(trainable.map((name) => [name, params[name]!])));
  const average = () =>
    Object.fromEntries(Object.entries(params).map(([name, x]) => [name, tf.clone(x)]));
  return {
    weights: { params, adam, ema: ema > 0 ? average() : undefined },
    epoch: 0,
    history: [],
  };
}

/** Tensor by tensor, each large one in shards: beside the weights one shard is in memory. */
export async function writeState(
  folder: string,
  { weights, epoch, history }: TrainState,
  seed: number,
): Promise<void> {
  const { params, adam, ema } = weights;
  mkdirSync(folder, { recursive: true });
  await writeParams(join(folder, FILES.params), params);
  await writeParams(join(folder, FILES.first), adam.first);
  await writeParams(join(folder, FILES.second), adam.second);
  if (ema) await writeParams(join(folder, FILES.ema), ema);
  const state: StateFile = {
    format: 1,
    epoch,
    step: adam.step,
    random: { generator: 'xoshiro128**', seed },
    history,
  };
  writeJson(join(folder, FILES.state), state);
}

export function readState(
  folder: string,
  network: Network,
  config: Pick<TrainConfig, 'seed' | 'ema'>,
): TrainState {
  const { format, epoch, step, random, history } = readJson<StateFile>(join(folder, FILES.state));
  if (format !== 1) throw mistake(`${folder}: a training state of format ${format}, expected 1`);
  if (random.seed !== config.seed) {
    throw mistake(`${folder}: a training state of seed ${random.seed}, expected ${config.seed}`);
  }
  const trainable = network.specs.filter((spec) => spec.trainable);
  const read = (file: string, specs: readonly ParamSpec[] = trainable) =>
    readParams(join(folder, file), specs);
  return {
    weights: {
      params: read(FILES.params, network.specs),
      adam: { step, first: read(FILES.first), second: read(FILES.second) },
      ema: config.ema > 0 ? read(FILES.ema, network.specs) : undefined,
    },
    epoch,
    history,
  };
}
