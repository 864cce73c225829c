/**
 * A small experiment on disk, as the stages before `evaluate` leave it: images, masks, split,
 * model.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeJson } from '@pipe-experiment/data/json.js';
import { writeNpy } from '@pipe-experiment/data/npy.js';
import { createRandom } from '@pipe-experiment/data/random.js';
import { maskArea, packMask } from '@pipe-experiment/images/bits.js';
import type { Kernel } from '@pipe-experiment/images/decode.js';
import { drawMask, type Occlusion } from '../../../stages/lib/mask.js';
import type { ModelConfig } from '../../../stages/lib/nn/model-config.js';
import { noise } from './planes.js';

export interface ExperimentOptions {
  readonly size?: number;
  readonly channels?: 1 | 3;
  readonly count?: number;
  readonly test?: number;
  readonly occlusions?: Readonly<Record<string, Occlusion>>;
  readonly standIn?: boolean;
  readonly label?: string;
  readonly history?: readonly unknown[];
  readonly notes?: readonly string[];
  readonly kernel?: Kernel;
  /** The switches that the row restorer reports, and the error of its whole output. */
  readonly config?: ModelConfig;
  readonly haze?: number;
}

export interface Experiment {
  readonly images: string;
  readonly masks: string;
  readonly split: string;
  readonly model: string;
}

export const SQUARES: Readonly<Record<string, Occlusion>> = {
  square12: { shape: 'square', side: 12 },
  square24: { shape: 'square', side: 24 },
};

export function writeExperiment(folder: string, options: ExperimentOptions = {}): Experiment {
  const { size = 56, channels = 1, count = 30, test = 10 } = options;
  const { occlusions = SQUARES, standIn = true, label = 'made by formula' } = options;
  const { kernel = 'cubic' } = options;
  const paths = {
    images: join(folder, 'images'),
    masks: join(folder, 'masks'),
    split: join(folder, 'split'),
    model: join(folder, 'model'),
  };
  for (const path of Object.values(paths)) mkdirSync(path, { recursive: true });
  const files = Array.from({ length: count }, (_, i) => `images/${i}/${i}.png`);

  const shape = [count, size, size];
  const pixels = scenes(count, size, channels);
  writeNpy(join(paths.images, 'images.npy'), pixels, channels === 1 ? shape : [...shape, 3]);
  writeJson(join(paths.images, 'index.json'), {
    source: { kind: 'formula', label, standIn },
    kernels: [kernel],
    images: files.map((file, i) => ({ file, group: `${i}`, sha256: '0' })),
    unreadable: [],
  });

  const settings: Record<string, unknown> = {};
  for (const [name, occlusion] of Object.entries(occlusions)) {
    const masks = files.map((file) => drawMask(occlusion, size, createRandom(1, name, file)));
    const packed = masks.map(packMask);
    writeNpy(join(paths.masks, `${name}.npy`), Uint8Array.from(packed.flatMap((row) => [...row])), [
      count,
      packed[0]!.length,
    ]);
    const area = masks.reduce((total, mask) => total + maskArea(mask), 0);
    settings[name] = { ...occlusion, meanArea: area / (count * size * size) };
  }
  writeJson(join(paths.masks, 'index.json'), { size, count, settings });

  const indices = files.map((_, i) => i);
  writeJson(join(paths.split, 'split.json'), {
    train: indices.slice(test),
    test: indices.slice(0, test),
    groups: { train: count - test, test },
    requested: { train: count - test, test },
    notes: options.notes ?? [],
  });

  const { config, haze } = options;
  writeJson(join(paths.model, 'model.json'), { arch: 'formula', config, haze });
  writeJson(join(paths.model, 'history.json'), options.history ?? []);
  writeFileSync(join(paths.model, 'weights.safetensors'), 'no weights');
  return paths;
}

/** Smooth scenes with an edge and a little noise, no two alike; colours differ by channel. */
function scenes(count: number, size: number, channels: number): Uint8Array {
  const pixels = new Uint8Array(count * size * size * channels);
  const dust = noise(17, pixels.length);
  for (let at = 0; at < pixels.length; at++) {
    const channel = at % channels;
    const pixel = Math.floor(at / channels);
    const image = Math.floor(pixel / (size * size));
    const x = pixel % size;
    const y = Math.floor(pixel / size) % size;
    const edge = (x - size / 2) ** 2 + (y - (image % size)) ** 2 < 200 ? 60 : 0;
    pixels[at] = 50 + ((x * (2 + (image % 3))) >> 1) + y + edge + channel * 9 + (dust[at]! % 7);
  }
  return pixels;
}
