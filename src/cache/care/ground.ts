/** What the care of a cache stands on: where it is, where to put things aside, whom to tell. */
import type { Scratch } from '../files/scratch.js';
import type { Layout } from '../layout.js';

export interface Ground {
  readonly layout: Layout;
  readonly scratch: Scratch;
  readonly warn: (message: string) => void;
}
