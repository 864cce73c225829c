/** `defineStage`: how a TypeScript stage declares itself; the interface between pipe and the stages. */
import type { StageContext, StageShape } from './context.js';

/** Default export of a stage module. */
export interface StageDefinition<S extends StageShape = StageShape> {
  /** Marks the export, and gives its protocol version. */
  readonly pipeStage: number;
  readonly run: (context: StageContext<S>) => void | Promise<void>;
}

/**
 * Version of the contract between `pipe` and a stage's process. It is part of the key of every `run:`
 * stage; the version of `pipe` is not, so updating `pipe` does not make anything stale.
 */
export const STAGE_PROTOCOL = 1;

/**
 * Declares a stage.
 *
 * @example
 * export default defineStage<{ params: { image: { size: number } }; deps: { raw: string }; outs: { images: string } }>(
 *   async ({ params, deps, outs }) => { … },
 * );
 */
export function defineStage<S extends StageShape = StageShape>(
  run: (context: StageContext<S>) => void | Promise<void>,
): StageDefinition<S> {
  return { pipeStage: STAGE_PROTOCOL, run };
}
