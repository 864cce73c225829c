/** Shared context of the maintenance commands: layout, scratch folder, warn callback. */
import type { Scratch } from '../files/scratch-folder.js';
import type { Layout } from '../layout.js';

export interface CacheContext {
  readonly layout: Layout;
  readonly scratch: Scratch;
  readonly warn: (message: string) => void;
}
