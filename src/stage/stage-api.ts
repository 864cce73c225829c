/** Public entry point `pipe-run/stage`: everything that a TypeScript stage may import from the tool. */
export type { Epochs, Json, Metrics, Resources, StageContext, StageShape } from './context.js';
export { defineStage, STAGE_PROTOCOL, type StageDefinition } from './define.js';
