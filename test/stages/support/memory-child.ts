/**
 * Bundled: trains a small `restorer` on `wasm`, and prints its memory after the given numbers of
 * updates.
 */
import { createRandom } from '@pipe-experiment/data/random.js';
import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { sizeOf } from '@pipe-experiment/networks/params.js';
import { chooseStepper } from '@pipe-experiment/networks/training/choose-stepper.js';
import * as tf from '@tensorflow/tfjs-core';
import { createNetwork } from '../../../stages/lib/nn/create.js';
import { checkModel } from '../../../stages/lib/nn/model-config.js';
import { fillBatch } from '../../../stages/lib/train/batch.js';
import type { Drawn } from '../../../stages/lib/train/draw.js';
import { objectiveOf, valuesOf } from '../../../stages/lib/train/objective.js';
import { initState } from '../../../stages/lib/train/state.js';

/** The memory of a training after some updates. */
export interface Held {
  readonly updates: number;
  readonly tensors: number;
  /** Of WebAssembly: it grows and never shrinks. */
  readonly heap: number;
  /** Bytes of the process that are in memory, after a garbage collection. */
  readonly resident: number;
}

const SIZE = 40;
const BATCH = 4;
/** Losses are kept until an epoch ends. */
const EPOCH = 100;

function drawn(update: number, noise: number): Drawn {
  const random = createRandom(1, 'memory', update);
  const images = Array.from({ length: BATCH }, () =>
    Uint8Array.from({ length: SIZE * SIZE }, () => random.int(256)),
  );
  const masks = images.map(() => new Uint8Array(SIZE * SIZE).fill(1, 400, 900));
  return {
    ...fillBatch({ size: SIZE, channels: 1, images, masks }, ['harmonic', 'biharmonic']),
    noise: Float32Array.from({ length: BATCH * noise }, random.normal),
  };
}

/** @param measured after how many updates, in their order: whole epochs */
async function train(measured: readonly number[]): Promise<Held[]> {
  await openBackend('wasm');
  const given = { arch: 'restorer', width: 0.25, prefill: ['harmonic', 'biharmonic'] };
  const { network: config, loss } = checkModel({ ...given, occlusions: ['a'] }, 'm', ['a']);
  const network = createNetwork(config, SIZE, 1);
  const objective = objectiveOf(network, { loss, klShare: 1 });
  const options = { clip: 25, ema: 0.9, learningRateAt: () => 0.001 };
  let { weights } = initState(network, { seed: 1, ema: 0.9 });
  const held: Held[] = [];
  for (let updates = 0; updates < measured.at(-1)!; ) {
    const stepper = chooseStepper('wasm')(objective, weights, options);
    for (const end = updates + EPOCH; updates < end; updates++) {
      await stepper.step(valuesOf(drawn(updates, sizeOf(network.noise)), network.noise));
    }
    const end = await stepper.end();
    stepper.dispose();
    tf.dispose(Object.values(end.losses));
    weights = end.weights;
    if (measured.includes(updates)) held.push({ updates, ...holds() });
  }
  return held;
}

function holds(): Omit<Held, 'updates'> {
  globalThis.gc!();
  // The published type of the module leaves its heap out.
  const { wasm } = tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } };
  return {
    tensors: tf.memory().numTensors,
    heap: wasm.HEAPU8.byteLength,
    resident: process.memoryUsage.rss(),
  };
}

console.log(JSON.stringify(await train(process.argv.slice(2).map(Number))));
