/**
 * One thread of a team: computes some shards of each batch, and updates the parameters that it owns from
 * those of all. It holds its own parameters, moments and averages as tensors, and reads the parameters of
 * others from the memory that all share.
 */
import { viewOf } from '@pipe-experiment/kernels/shared-values.js';
import * as tf from '@tensorflow/tfjs-core';
import type { Params } from '../params.js';
import { scaleDown, squaresOf } from './clip.js';
import { ReplayedPasses } from './passes.js';
import {
  type Entry,
  joinShards,
  lossName,
  momentsOf,
  partOf,
  type Result,
  readEntry,
  resultOf,
} from './shard.js';
import {
  applyUpdate,
  type Derivatives,
  disposeWeights,
  type Losses,
  type Objective,
  type StepOptions,
  type Weights,
} from './step.js';
import { mapped, type Values } from './values.js';

/** Float32 arrays of all entries that all members see. */
export interface SharedMemory {
  /** As of the last update. */
  readonly params: SharedArrayBuffer;
  /** Of members other than the first, at the begin and the end of an epoch. */
  readonly first: SharedArrayBuffer;
  readonly second: SharedArrayBuffer;
  readonly ema: SharedArrayBuffer;
  /** Of each shard, what members other than its own join. */
  readonly results: readonly SharedArrayBuffer[];
}

export interface UpdateOptions extends StepOptions {
  /** The largest norm of all gradients together, and their norm; 0 leaves them as they are. */
  readonly clip: number;
  readonly norm: number;
}

export class Member {
  readonly #index: number;
  readonly #entries: readonly Entry[];
  readonly #own: readonly Entry[];
  readonly #memory: Readonly<Record<Exclude<keyof SharedMemory, 'results'>, Float32Array>>;
  readonly #results: readonly Float32Array[];
  readonly #objectiveOf: (recipe: unknown) => Objective;
  #task: { recipe: string; objective: Objective; passes: ReplayedPasses } | undefined;
  #weights: Weights | undefined;
  /** By the index of the shard, what this member computed and joins. */
  #computed = new Map<number, Result>();
  #moments: Derivatives['moments'] = [];
  #joined: Result | undefined;

  constructor(
    index: number,
    entries: readonly Entry[],
    memory: SharedMemory,
    objectiveOf: (recipe: unknown) => Objective,
  ) {
    this.#index = index;
    this.#entries = entries;
    this.#own = entries.filter(({ owner }) => owner === index);
    this.#memory = {
      params: new Float32Array(memory.params),
      first: new Float32Array(memory.first),
      second: new Float32Array(memory.second),
      ema: new Float32Array(memory.ema),
    };
    this.#results = memory.results.map((buffer) => new Float32Array(buffer));
    this.#objectiveOf = objectiveOf;
  }

  /** Begins an epoch with its own weights from the shared memory. */
  load(recipe: unknown, step: number, hasAverage: boolean): void {
    const { params, first, second, ema } = this.#memory;
    const read = (from: Float32Array): Params =>
      Object.fromEntries(this.#own.map((entry) => [entry.name, readEntry(from, entry)]));
    const adam = { step, first: read(first), second: read(second) };
    this.begin(recipe, { params: read(params), adam, ema: hasAverage ? read(ema) : undefined });
  }

  /** Begins an epoch. Takes the weights over, which are those of its own entries. */
  begin(recipe: unknown, weights: Weights): void {
    this.drop();
    this.#weights = weights;
    const text = JSON.stringify(recipe);
    if (this.#task && this.#task.recipe === text) return;
    this.#task?.passes.dispose();
    const objective = this.#objectiveOf(recipe);
    this.#task = { recipe: text, objective, passes: new ReplayedPasses(objective) };
  }

  compute(shards: readonly { readonly index: number; readonly values: Values }[]): void {
    const { passes, objective } = this.#task!;
    const known = this.#weights!.params;
    const names = new Set(objective.specs.map(({ name }) => name));
    const others = this.#entries.filter(({ name }) => names.has(name) && !(name in known));
    const read = Object.fromEntries(
      others.map((entry) => [entry.name, readEntry(this.#memory.params, entry)]),
    );
    for (const { index, values } of shards) {
      const derivatives = passes.differentiate({ ...known, ...read }, values, 0);
      // The first member has the first shard, and all statistics.
      if (index === 0) this.#moments = derivatives.moments;
      this.#computed.set(index, this.#keepOwn(resultOf(derivatives), this.#results[index]!));
    }
    tf.dispose(read);
  }

  #keepOwn(result: Result, to: Float32Array): Result {
    const own: Record<string, tf.Tensor> = {};
    for (const entry of this.#entries) {
      const tensor = result[entry.name]!;
      if (entry.owner === this.#index) own[entry.name] = tensor;
      else {
        partOf(to, entry).set(viewOf(tensor));
        tensor.dispose();
      }
    }
    return own;
  }

  /** Σg² of each gradient that it owns, by name. All members have computed their shards. */
  squares(shares: readonly number[]): Readonly<Record<string, number>> {
    return mapped(this.#gradientsOf(this.#join(shares)), (gradient) => {
      const sum = squaresOf(gradient);
      const [value] = sum.dataSync();
      sum.dispose();
      return value!;
    });
  }

  /** Updates its own parameters. All members have computed their shards. Gives its own losses, which the caller disposes. */
  update(shares: readonly number[], { clip, norm, ...options }: UpdateOptions): Losses {
    const joined = this.#join(shares);
    this.#joined = undefined;
    const moments = momentsOf(joined, this.#moments);
    const all = tf.scalar(norm);
    const unclipped = this.#gradientsOf(joined);
    const gradients = clip === 0 ? unclipped : scaleDown(unclipped, all, clip);
    all.dispose();
    const names = this.#task!.objective.losses.filter((name) => lossName(name) in joined);
    const losses = Object.fromEntries(names.map((name) => [name, joined[lossName(name)]!]));
    const derivatives = { gradients, moments, losses: losses as Losses };
    const result = applyUpdate(this.#weights!, derivatives, options);
    this.#weights = result.weights;
    const { params } = result.weights;
    if (this.#own.length < this.#entries.length) this.#write(params, this.#memory.params);
    return result.losses;
  }

  #join(shares: readonly number[]): Result {
    this.#joined ??= Object.fromEntries(
      this.#own.map((entry) => {
        const values = shares.map(
          (_, shard) =>
            this.#computed.get(shard)?.[entry.name] ?? readEntry(this.#results[shard]!, entry),
        );
        return [entry.name, joinShards(values, shares)];
      }),
    );
    this.#computed.clear();
    return this.#joined;
  }

  #gradientsOf(joined: Result): Params {
    const { specs } = this.#task!.objective;
    const names = specs.filter(({ name, trainable }) => trainable && name in joined);
    return Object.fromEntries(names.map(({ name }) => [name, joined[name]!]));
  }

  /** Ends an epoch: its weights are the caller's. */
  end(): Weights {
    const weights = this.#weights!;
    this.#weights = undefined;
    return weights;
  }

  /** Ends an epoch: writes its weights to the shared memory. */
  store(): void {
    const { params, adam, ema } = this.#weights!;
    this.#write(params, this.#memory.params);
    this.#write(adam.first, this.#memory.first);
    this.#write(adam.second, this.#memory.second);
    this.#write(ema ?? {}, this.#memory.ema);
    this.drop();
  }

  #write(values: Params, to: Float32Array): void {
    for (const entry of this.#own) {
      const tensor = values[entry.name];
      if (tensor !== undefined) partOf(to, entry).set(viewOf(tensor));
    }
  }

  /** Frees all that belongs to an epoch. */
  drop(): void {
    tf.dispose([...this.#computed.values(), this.#joined ?? {}]);
    this.#computed.clear();
    this.#joined = undefined;
    if (this.#weights) disposeWeights(this.#weights);
    this.#weights = undefined;
  }

  close(): void {
    this.drop();
    this.#task?.passes.dispose();
  }
}
