/** Inputs that cannot be read end the item that reads them when its turn comes, and no other. */
import type { Sliced } from '../cache/files/pace.js';
import { type Decision, decide } from './decide.js';
import { ifReadable } from './eyes.js';
import { itemAt, type Work } from './work.js';

/** Undefined when an input cannot be read. */
export function decideIfReadable(work: Work, index: number): Sliced<Decision | undefined> {
  const { project, codes, options } = work;
  return ifReadable(decide(itemAt(work, index), codes.of(index), project, options.force));
}
