/** Shared context of the maintenance commands: layout, scratch folder, warn callback. */
import type { Scratch } from '../files/scratch.js';
import type { Layout } from '../layout.js';

export interface Ground {
  readonly layout: Layout;
  readonly scratch: Scratch;
  readonly warn: (message: string) => void;
}
