/** Draws two epochs: a digest of each batch. */
import { createHash } from 'node:crypto';
import { createRandom } from '@pipe-experiment/data/random.js';
import { checkModel } from '../../../stages/lib/nn/model-config.js';
import { checkOcclusions } from '../../../stages/lib/occlusions.js';
import { planEpoch } from '../../../stages/lib/train/draw.js';
import { startDrawing } from '../../../stages/lib/train/drawing.js';

const SIZE = 24;
const LARGER = 30;
const IMAGES = 23;

export async function digestsOfTwoEpochs(pool = 0): Promise<string[]> {
  const occlusions = checkOcclusions(
    { small: { shape: 'square', side: 6 }, wide: { shape: 'square', side: 10 } },
    SIZE,
  );
  const settings = [...occlusions.keys()];
  const model = checkModel({ arch: 'restorer', occlusions: settings }, 'model.m', settings);
  const random = createRandom(1, 'drawing');
  const filled = (length: number) => {
    const data = new SharedArrayBuffer(length);
    new Uint8Array(data).forEach((_, i, bytes) => {
      bytes[i] = random.int(256);
    });
    return data;
  };
  const data = filled(IMAGES * SIZE * SIZE);
  const drawing = startDrawing(
    {
      config: {
        train: { seed: 3, flip: true, turns: false, zoom: 1.2, pool },
        model,
        noise: [2, 2],
      },
      occlusions,
      masks: 'no folder: each epoch has masks of its own',
      size: SIZE,
      channels: 1,
      data,
      pictures: { side: LARGER, data: filled(IMAGES * LARGER * LARGER) },
    },
    2,
  );
  const images = Array.from({ length: IMAGES }, (_, i) => i);
  const digests: string[] = [];
  for (const epoch of [1, 2]) {
    for await (const drawn of drawing.batches(planEpoch({ seed: 3, batch: 4 }, images, epoch))) {
      const hash = createHash('sha256');
      for (const part of [drawn.target, drawn.filled, drawn.spread, drawn.mask, drawn.noise])
        hash.update(part);
      digests.push(hash.digest('hex'));
    }
  }
  await drawing.close();
  return digests;
}
