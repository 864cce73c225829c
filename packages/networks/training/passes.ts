/** The derivatives of many batches: the first pass for each batch size is recorded, the others are replays. */
import * as tf from '@tensorflow/tfjs-core';
import type { Params } from '../params.js';
import { clipGradients } from './clip.js';
import { type Replay, record } from './replay.js';
import { type Derivatives, differentiate, type Losses, type Objective } from './step.js';
import { toTensors, type Values } from './values.js';

interface Recorded {
  readonly replay: Replay;
  /** The derivatives with the tensors of a replay instead of their own. */
  readonly fill: (outputs: readonly tf.Tensor[]) => Derivatives;
}

/** Computes the derivatives of the batches of one objective. */
export interface Passes {
  /** Clipped, unless `clip` is 0. The caller disposes them. */
  differentiate(params: Params, values: Values, clip: number): Derivatives;
  /** Frees what is kept between batches. */
  dispose(): void;
}

export class ReplayedPasses implements Passes {
  readonly #objective: Objective;
  readonly #bySize = new Map<number, Recorded>();

  constructor(objective: Objective) {
    this.#objective = objective;
  }

  differentiate(params: Params, values: Values, clip: number): Derivatives {
    const batch = toTensors(values);
    const given = this.#objective.specs.map(({ name }) => params[name]!);
    const inputs = [...given, ...Object.values(batch)];
    const known = this.#bySize.get(values.count);
    const derivatives = known
      ? known.fill(known.replay.run(inputs))
      : this.#record(params, batch, inputs, values.count);
    tf.dispose(batch);
    return { ...derivatives, gradients: clipGradients(derivatives.gradients, clip) };
  }

  #record(params: Params, batch: tf.NamedTensorMap, inputs: readonly tf.Tensor[], count: number) {
    let first: Derivatives | undefined;
    const { replay } = record(tf.backend(), inputs, () => {
      first = differentiate(this.#objective, params, batch, 0);
      return tensorsOf(first);
    });
    const derivatives = first!;
    this.#bySize.set(count, { replay, fill: (outputs) => filled(derivatives, outputs) });
    return derivatives;
  }

  dispose(): void {
    for (const { replay } of this.#bySize.values()) replay.dispose();
    this.#bySize.clear();
  }
}

function tensorsOf({ gradients, losses, moments }: Derivatives): tf.Tensor[] {
  return [
    ...Object.values(gradients),
    ...Object.values(losses),
    ...moments.flatMap(({ mean, variance }) => [mean, variance]),
  ];
}

/** Takes the tensors in the order of `tensorsOf`. */
function filled(
  { gradients, losses, moments }: Derivatives,
  from: readonly tf.Tensor[],
): Derivatives {
  let at = 0;
  const next = () => from[at++]!;
  const named = (names: object) =>
    Object.fromEntries(Object.keys(names).map((name) => [name, next()]));
  return {
    gradients: named(gradients),
    losses: named(losses) as unknown as Losses,
    moments: moments.map((each) => ({ ...each, mean: next(), variance: next() })),
  };
}
