/** Restoring each way to turn and mirror an image, and averaging: it costs no training. */
import type { Params } from '@pipe-experiment/networks/params.js';
import { meanOverSymmetries, type Symmetries } from '@pipe-experiment/networks/symmetries.js';
import type * as tf from '@tensorflow/tfjs-core';
import type { Network, Occluded } from './network.js';

export function restoreSymmetric(
  network: Network,
  params: Params,
  seen: Occluded,
  noise: tf.Tensor | undefined,
  symmetries: Symmetries,
): tf.Tensor4D {
  if (symmetries === 'none') return network.restore(params, seen, noise);
  const { filled, spread, mask } = seen;
  return meanOverSymmetries(symmetries, (turned) => {
    const turnedSeen = { filled: turned(filled), mask: turned(mask) };
    const given = spread ? { ...turnedSeen, spread: turned(spread) } : turnedSeen;
    return network.restore(params, given, noise);
  });
}
