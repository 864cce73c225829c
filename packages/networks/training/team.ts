/**
 * Data-parallel training: the batch is cut into a fixed number of shards, whose gradients are computed in
 * this thread and others and added in their order. Each thread updates some of the parameters. So the bytes
 * depend on the number of shards, and not on the number of threads.
 */
import type { Worker } from 'node:worker_threads';
import { mistake } from '@pipe-experiment/data/mistake.js';
import * as tf from '@tensorflow/tfjs-core';
import { ADAM_DEFAULTS } from './adam.js';
import { normOf } from './clip.js';
import { collect, deal } from './deal.js';
import { type Helper, helperOf, type MemberInput } from './helper.js';
import { Member, type SharedMemory } from './member.js';
import { type Entry, entriesOf, type Layout, lengthOf } from './shard.js';
import { disposeWeights, type Losses, type Objective, type Weights } from './step.js';
import { type EpochOptions, type StartStepper, sumLosses, yieldToEvents } from './stepper.js';
import { shardOf, type Values } from './values.js';

export interface Team {
  readonly startStepper: StartStepper;
  /** Ends the threads. */
  close(): Promise<void>;
}

/** Starts another thread, which is to call `serveMember`. */
export type StartThread = (input: MemberInput) => Worker;

export interface TeamInput {
  readonly layout: Layout;
  readonly shards: number;
  /** How many threads compute beside this one; fewer than there are shards. */
  readonly others: number;
  readonly objectiveOf: (recipe: unknown) => Objective;
}

export function startTeam(input: TeamInput, start: StartThread): Team {
  const members = new Members(input, start);
  return {
    startStepper(objective, start, options) {
      let given: Weights | undefined = start;
      let count = start.adam.step;
      const updates: Losses[] = [];
      return {
        async step(values) {
          if (given) await members.begin(objective.recipe, given);
          given = undefined;
          updates.push(await members.step(values, options, ++count));
          await yieldToEvents();
        },
        async end() {
          const weights = given ?? (await members.end());
          given = undefined;
          return { weights, losses: sumLosses(objective.losses, updates) };
        },
        dispose() {
          tf.dispose(updates);
          if (given) disposeWeights(given);
          members.drop();
        },
      };
    },
    close: () => members.close(),
  };
}

class Members {
  readonly #shards: number;
  readonly #entries: readonly Entry[];
  readonly #memory: SharedMemory;
  readonly #own: Member;
  readonly #helpers: readonly Helper[];

  constructor({ layout, shards, others, objectiveOf }: TeamInput, start: StartThread) {
    const entries = entriesOf(layout, others + 1);
    const memory = allocate(lengthOf(entries), shards);
    this.#shards = shards;
    this.#entries = entries;
    this.#memory = memory;
    this.#own = new Member(0, entries, memory, objectiveOf);
    this.#helpers = Array.from({ length: others }, (_, i) => {
      return helperOf(start({ index: i + 1, entries, memory }));
    });
  }

  /** The others are asked first: this thread works while they do. */
  async #all<Mine, Theirs>(
    ask: (helper: Helper, index: number) => Promise<Theirs>,
    work: (member: Member) => Mine,
  ): Promise<readonly [Mine, ...Theirs[]]> {
    const answers = Promise.all(this.#helpers.map((helper, i) => ask(helper, i + 1)));
    // Awaited below, unless this thread fails first: its error is the one to report.
    answers.catch(() => {});
    const mine = work(this.#own);
    return [mine, ...(await answers)];
  }

  /** Takes the weights over. */
  async begin(recipe: unknown, weights: Weights): Promise<void> {
    const { adam, ema } = weights;
    const mine = deal(this.#entries, weights, this.#memory);
    await this.#all(
      (helper) => helper.load(recipe, adam.step, ema !== undefined),
      (member) => member.begin(recipe, mine),
    );
  }

  /** @param count the number of the update, from 1 */
  async step(values: Values, options: EpochOptions, count: number): Promise<Losses> {
    const shards = this.#shards;
    if (values.count < shards) throw mistake(`a batch of ${values.count} has no ${shards} shards`);
    const parts = Array.from({ length: shards }, (_, index) => {
      return { index, values: shardOf(values, index, shards) };
    });
    const partsFor = (member: number) =>
      parts.filter(({ index }) => index % (this.#helpers.length + 1) === member);
    await this.#all(
      (helper, i) => helper.compute(partsFor(i)),
      (member) => member.compute(partsFor(0)),
    );
    const shares = parts.map((part) => part.values.count / values.count);
    const { clip, ema } = options;
    const norm = clip === 0 ? 0 : await this.#norm(shares);
    const adam = { ...ADAM_DEFAULTS, learningRate: options.learningRateAt(count) };
    const update = { adam, ema, clip, norm };
    const [losses] = await this.#all(
      (helper) => helper.update(shares, update),
      (member) => member.update(shares, update),
    );
    return losses;
  }

  /** The norm of all gradients, whose squares are added in the order of the parameters. */
  async #norm(shares: readonly number[]): Promise<number> {
    const squares = await this.#all(
      (helper) => helper.squares(shares),
      (member) => member.squares(shares),
    );
    const byName: Readonly<Record<string, number>> = Object.assign({}, ...squares);
    const inOrder = this.#entries.flatMap(({ name }) => byName[name] ?? []);
    return tf.tidy(() => normOf(tf.tensor1d(inOrder)).dataSync()[0]!);
  }

  async end(): Promise<Weights> {
    const [mine] = await this.#all(
      (helper) => helper.store(),
      (member) => member.end(),
    );
    return collect(this.#entries, mine, this.#memory);
  }

  drop(): void {
    this.#own.drop();
  }

  async close(): Promise<void> {
    this.#own.close();
    await Promise.all(this.#helpers.map((helper) => helper.close()));
  }
}

function allocate(length: number, shards: number): SharedMemory {
  const shared = () => new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT);
  const results = Array.from({ length: shards }, shared);
  return { params: shared(), first: shared(), second: shared(), ema: shared(), results };
}
