/** A restorer without a network: the interface that the stages need, in closed form. */
import { join } from 'node:path';
import { readJson } from '@pipe-experiment/data/json.js';
import { readImages } from '../../../stages/lib/images.js';
import { checkModel, type ModelConfig } from '../../../stages/lib/nn/model-config.js';
import type { Restorer } from '../../../stages/lib/restore.js';
import type { ExperimentOptions } from './experiment.js';

/** The switches that a row restorer claims to have. */
const CONFIG = checkModel({ arch: 'restorer', occlusions: ['square12'] }, 'model.rows', [
  'square12',
]);

/**
 * Fills each hole with the mean of the known pixels of its row, and is off by `haze` gray levels
 * everywhere, as a network's whole output is. Samples differ by their number.
 */
export function createRowRestorer(
  size: number,
  channels: number,
  config: ModelConfig = CONFIG,
  haze = 4,
): Restorer {
  const length = size * size * channels;
  function restoreOne(image: Uint8Array, mask: Uint8Array, shift: number): Float32Array {
    const out = new Float32Array(length);
    for (let y = 0; y < size; y++) {
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        let known = 0;
        for (let x = 0; x < size; x++) {
          if (mask[y * size + x] !== 0) continue;
          sum += image[(y * size + x) * channels + channel]!;
          known++;
        }
        for (let x = 0; x < size; x++) {
          const at = (y * size + x) * channels + channel;
          const hidden = mask[y * size + x] !== 0;
          out[at] = hidden ? sum / Math.max(1, known) + shift : image[at]! + haze;
        }
      }
    }
    return out;
  }
  return {
    info: { arch: 'rows', parameters: 0, size, channels, images: 20, epochs: 3, config },
    heldOut: Array.from({ length: 30 }, (_, i) => 3 * i),
    async restore(images, masks, { samples } = {}) {
      const count = images.length / length;
      const out = new Float32Array((samples ?? 1) * images.length);
      for (let sample = 0; sample < (samples ?? 1); sample++) {
        for (let i = 0; i < count; i++) {
          const image = images.subarray(i * length, (i + 1) * length);
          const mask = masks.subarray(i * size * size, (i + 1) * size * size);
          const shift = samples === undefined ? 0 : 5 * (sample + 1);
          out.set(restoreOne(image, mask, shift), (sample * count + i) * length);
        }
      }
      return out;
    },
    countOperations: async () => 0,
    dispose() {},
  };
}

/**
 * A replacement for `restore.js`: every folder contains the model that fills rows with their mean.
 */
export function rowModels() {
  return {
    loadModel: async (folder: string) => {
      const { size, channels } = readImages(join(folder, '../images'));
      const { config, haze } = readJson<Pick<ExperimentOptions, 'config' | 'haze'>>(
        join(folder, 'model.json'),
      );
      return createRowRestorer(size, channels, config, haze);
    },
  };
}
