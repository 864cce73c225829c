/**
 * The other side of drawing.ts: a worker thread that draws batches. It runs the same bundle as the
 * stage, which is why this module, when it is loaded in such a thread, serves at once.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { Occlusion } from '../mask.js';
import type { ModelConfig } from '../nn/model-config.js';
import { createMasks } from './data.js';
import { type DrawConfig, type Drawn, type DrawSource, drawBatch, type EpochPlan } from './draw.js';
import { keepFills } from './kept-fills.js';

const TASK = 'pipe-experiment: draw batches';

/** All that a thread needs, besides the plans of the epochs. */
export interface DrawingInput {
  readonly config: DrawConfig & { readonly model: ModelConfig };
  readonly occlusions: ReadonlyMap<string, Occlusion>;
  /** Folder of the baked masks. */
  readonly masks: string;
  readonly size: number;
  readonly channels: 1 | 3;
  /** The images' bytes, and those of what magnified parts are cut from: shared. */
  readonly data: SharedArrayBuffer;
  readonly pictures: { readonly side: number; readonly data: SharedArrayBuffer };
}

export function drawSource({
  config: { model, train },
  occlusions,
  masks,
  size,
  channels,
  data,
  pictures: { side, data: pictures },
}: DrawingInput): DrawSource {
  return {
    images: { size, channels, data: new Uint8Array(data) },
    pictures: { side, data: new Uint8Array(pictures) },
    masks: createMasks(masks, occlusions, model, size, train.seed),
    fills: train.pool > 0 ? keepFills() : undefined,
  };
}

/** What a thread answers a batch's index with. */
export interface DrawnMessage {
  readonly index: number;
  readonly drawn: Drawn;
}

/** `workerData` of such a thread. */
export function drawingTask(input: DrawingInput) {
  return { task: TASK, input };
}

function serve(input: DrawingInput): void {
  const source = drawSource(input);
  let plan: EpochPlan | undefined;
  parentPort!.on('message', (message: EpochPlan | number) => {
    if (typeof message !== 'number') {
      plan = message;
      return;
    }
    const drawn = drawBatch(input.config, source, plan!, message);
    const { target, filled, spread, mask, noise } = drawn;
    const answer: DrawnMessage = { index: message, drawn };
    parentPort!.postMessage(answer, [
      target.buffer as ArrayBuffer,
      filled.buffer as ArrayBuffer,
      spread.buffer as ArrayBuffer,
      mask.buffer as ArrayBuffer,
      noise.buffer as ArrayBuffer,
    ]);
  });
}

if (!isMainThread && workerData?.task === TASK) serve(workerData.input as DrawingInput);
