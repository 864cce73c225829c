/** The PIPE_CONTEXT file: what pipe gives to a stage's process, in any language. */
import type { Json, Resources } from './context.js';

export interface ContextFile {
  readonly item: string;
  readonly stage: string;
  readonly matrix: Readonly<Record<string, string | number | boolean>>;
  /** A tree with exactly the params that the stage names. */
  readonly params: Json;
  /** Absolute paths; a list for a glob. */
  readonly deps: Readonly<Record<string, string | readonly string[]>>;
  /** Absolute paths. */
  readonly outs: Readonly<Record<string, string>>;
  readonly resources: Resources;
}
