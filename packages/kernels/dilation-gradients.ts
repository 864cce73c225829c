/** Gradients that only dilated layers need: the one rearrangement is the other's inverse. */
import * as tf from '@tensorflow/tfjs-core';

type Pairs = readonly (readonly [number, number])[];

interface Attributes {
  readonly blockShape: readonly number[];
  readonly paddings?: Pairs;
  readonly crops?: Pairs;
}

const pairs = (given: Pairs | undefined) => (given ?? []).map(([a, b]) => [a, b]);

tf.registerGradient({
  kernelName: 'SpaceToBatchND',
  gradFunc: (dy, _saved, attributes) => {
    const { blockShape, paddings } = attributes as unknown as Attributes;
    return { x: () => tf.batchToSpaceND(dy as tf.Tensor, [...blockShape], pairs(paddings)) };
  },
});

tf.registerGradient({
  kernelName: 'BatchToSpaceND',
  gradFunc: (dy, _saved, attributes) => {
    const { blockShape, crops } = attributes as unknown as Attributes;
    return { x: () => tf.spaceToBatchND(dy as tf.Tensor, [...blockShape], pairs(crops)) };
  },
});
