/** Inputs that cannot be read end the item that reads them when its turn comes, and no other. */
import { UnusableFile } from '../cache/cache.js';
import type { Sliced } from '../cache/files/pace.js';
import { type Decision, decide } from './decide.js';
import { itemAt, type Work } from './work.js';

/** Undefined when an input cannot be read. */
export function decideIfReadable(work: Work, index: number): Sliced<Decision | undefined> {
  const { project, codes, options } = work;
  return ifReadable(decide(itemAt(work, index), codes.of(index), project, options.force));
}

/** Undefined when something cannot be read. */
export function* ifReadable<T>(look: Sliced<T>): Sliced<T | undefined> {
  try {
    return yield* look;
  } catch (error) {
    if (error instanceof UnusableFile) return undefined;
    throw error;
  }
}
