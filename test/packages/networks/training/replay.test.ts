/** Computations that are recorded once and replayed for other inputs. */
import '@tensorflow/tfjs-backend-cpu';
import { createRandom } from '@pipe-experiment/data/random.js';
import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { record } from '@pipe-experiment/networks/training/replay.js';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';

beforeAll(() => openBackend('wasm'));

const SHAPE: [number, number, number, number] = [2, 6, 5, 3];

/** Each gives a tensor of the same shape, from two. */
const OPERATIONS: Readonly<Record<string, (x: tf.Tensor4D, y: tf.Tensor4D) => tf.Tensor4D>> = {
  add: tf.add,
  constant: (x) => tf.add(x, tf.tensor1d([1, 2, 3])),
  scalar: (x) => tf.mul(x, 0.5),
  reshape: (x) => tf.reshape(tf.leakyRelu(tf.reshape(x, [-1]), 0.2), SHAPE),
  transpose: (x, y) => tf.sub(y, tf.transpose(tf.transpose(x, [0, 2, 1, 3]), [0, 2, 1, 3])),
  convolve: (x) => tf.conv2d(x, tf.fill([3, 3, 3, 3], 0.1), 1, 'same'),
  slice: (x, y) =>
    tf.concat([tf.slice(x, [0, 0, 0, 0], [2, 2, 5, 3]), tf.slice(y, [0, 2, 0, 0])], 1),
  pool: (x) => tf.maxPool(x, 3, 1, 'same'),
  mean: (x, y) => tf.add(y, tf.mean(x, [1, 2], true)),
  product: (x, y) => tf.mul(tf.sigmoid(x), y),
  norm: (x) => tf.div(x, tf.sqrt(tf.add(tf.sum(tf.square(x)), 1))),
  clone: (x) => tf.clone(x),
};

/** An operation, and which earlier tensors it takes, counted from the last. */
interface Move {
  readonly operation: string;
  readonly first: number;
  readonly second: number;
}

const moves = fc.array(
  fc.record<Move>({
    operation: fc.constantFrom(...Object.keys(OPERATIONS)),
    first: fc.nat(3),
    second: fc.nat(3),
  }),
  { minLength: 1, maxLength: 8 },
);

/** What the operations make of two inputs, its gradients, and a constant. */
function compute(plan: readonly Move[], inputs: readonly tf.Tensor4D[]): tf.Tensor[] {
  const last = (given: readonly tf.Tensor4D[]) => {
    const made = [...given];
    for (const { operation, first, second } of plan) {
      const at = (back: number) => made[Math.max(0, made.length - 1 - back)]!;
      made.push(OPERATIONS[operation]!(at(first), at(second)));
    }
    return made.at(-1)!;
  };
  const { value, grads } = tf.valueAndGrads((...given: tf.Tensor[]) => {
    const sum = tf.sum(last(given as tf.Tensor4D[]));
    return tf.add(sum, tf.mul(tf.sum(given[0]!), tf.sum(given[1]!)));
  })([...inputs]);
  return [value, ...grads, tf.tidy(() => last(inputs)), tf.scalar(7)];
}

const valuesOf = (tensors: readonly tf.Tensor[]) =>
  tensors.map((each) => ({ shape: each.shape, values: Float32Array.from(each.dataSync()) }));

test.each(['wasm', 'cpu'])(
  'on %s a replay has the values of the computation itself, and nothing leaks (property)',
  async (backend) => {
    await tf.setBackend(backend);
    const random = createRandom(1, 'replay');
    const size = tf.util.sizeFromShape(SHAPE);
    const draw = () => Float32Array.from({ length: size }, () => random.normal());
    fc.assert(
      fc.property(moves, (plan) => {
        const held = () => [tf.memory().numTensors, tf.engine().backend.numDataIds()];
        const before = held();
        const drawn = Array.from({ length: 3 }, () => [draw(), draw()]);
        const batches = drawn.map((each) => each.map((values) => tf.tensor4d(values, SHAPE)));
        const expected = batches.map((inputs) => compute(plan, inputs));
        const { outputs, replay } = record(tf.backend(), batches[0]!, () =>
          compute(plan, batches[0]!),
        );
        const replayed = batches.slice(1).map((inputs) => replay.run(inputs));
        const all = [outputs, ...replayed];
        expect(all.map(valuesOf)).toEqual(expected.map(valuesOf));
        tf.dispose([batches, expected, all]);
        replay.dispose();
        expect(held()).toEqual(before);
      }),
      { numRuns: 60 },
    );
    await tf.setBackend('wasm');
  },
);
