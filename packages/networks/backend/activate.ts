/** Makes a registered backend the one that tf.* runs on. */
import * as tf from '@tensorflow/tfjs-core';

export async function activate(name: string): Promise<void> {
  if (!(await tf.setBackend(name))) throw new Error(`the tfjs backend ${name} does not start`);
  await tf.ready();
}
