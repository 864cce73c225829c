/** The exponential moving average of the parameters. The training updates the parameters; the results use the average. */
import { blend } from '@pipe-experiment/kernels/fused.js';
import { type Params, param } from '../params.js';

/**
 * The weight of the old average at step t, counted from 1. In the first steps it is less than the
 * decay, (1 + t)/(10 + t), so that the first values do not stay in the average for long.
 */
export function heldAt(decay: number, step: number): number {
  return Math.min(decay, (1 + step) / (10 + step));
}

/** The average after one more step, as new tensors. */
export function emaUpdate(average: Params, params: Params, decay: number, step: number): Params {
  const held = heldAt(decay, step);
  return Object.fromEntries(
    Object.entries(params).map(([name, x]) => [
      name,
      blend(param(average, name), x, held, 1 - held),
    ]),
  );
}
