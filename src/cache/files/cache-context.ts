/** What the parts of an open cache share. */
import type { Layout } from '../layout.js';
import type { Scratch } from './scratch-folder.js';

export interface CacheContext {
  readonly layout: Layout;
  readonly scratch: Scratch;
  /** Write nothing that only saves time: no stat index, no plans, no listings of deps. */
  readonly readOnly: boolean;
  readonly warn: (message: string) => void;
  /** Receives the bytes that were stored; negative: removed. */
  readonly onSize: (bytes: number) => void;
}
