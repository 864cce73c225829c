/** The public door `pipe-run/stage`: what a TypeScript stage imports, and all it may import of the tool. */
export type { Epochs, Json, Metrics, Resources, StageContext, StageShape } from './context.js';
export { defineStage, STAGE_PROTOCOL, type StageDefinition } from './define.js';
