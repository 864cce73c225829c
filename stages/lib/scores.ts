/**
 * The folder `scores/` of an evaluated item: all that the report needs to know of it, so that the
 * report reads this and nothing else.
 *
 * - `index.json`: `ScoresIndex`
 * - `test.npy`, `train.npy`: float32 [settings, methods, targets, scores, images]
 * - `areas.npy`: float32 [settings, images], the occluded share of each test image
 * - `examples.npy`: uint8 [settings, picks, layers, size, size(, 3)]
 */
import { join } from 'node:path';
import { readJson, writeJson } from '@pipe-experiment/data/json.js';
import { readNpy, readNpyBytes, writeNpy } from '@pipe-experiment/data/npy.js';
import type { SourceInfo } from '@pipe-experiment/data/sources/source.js';
import type { BaselineName } from '@pipe-experiment/fills/methods.js';
import type { Kernel } from '@pipe-experiment/images/decode.js';
import type { MethodName, Scores } from './evaluation.js';
import type { ExamplePick, Layer } from './examples.js';
import type { Bootstrap, Gain } from './gains.js';
import type { Occlusion, Shape } from './mask.js';
import type { MaskIndex } from './masks.js';
import type { ModelInfo } from './restore.js';
import type { SampleStatistics } from './samples.js';
import type { TARGETS } from './score.js';

export const SIDES = ['test', 'train'] as const;
export type Side = (typeof SIDES)[number];

/** One occlusion setting; `meanArea` is the mean occluded share of the image. */
export type Setting = Occlusion & { readonly name: string; readonly meanArea: number };

interface ScoredSide {
  readonly scored: number;
  readonly of: number;
}

export interface ScoresIndex {
  /** The item's name, and its axes. */
  readonly item: string;
  readonly matrix: Readonly<Record<string, string | number | boolean>>;
  readonly source: SourceInfo;
  readonly image: { readonly size: number; readonly channels: number; readonly kernel: Kernel };
  readonly settings: readonly Setting[];
  readonly methods: readonly MethodName[];
  readonly targets: typeof TARGETS;
  readonly scores: readonly string[];
  /** How many images are scored, of how many there are. */
  readonly sides: {
    readonly test: ScoredSide;
    /** `heldOut`: scored train images that the training held out for validation. */
    readonly train: ScoredSide & { readonly heldOut: number };
  };
  /** Scenes, people or classes on each side, and of which one each test image is. */
  readonly groups: {
    readonly train: number;
    readonly test: number;
    readonly ofTest: readonly number[];
  };
  /** On the test set. */
  readonly gains: readonly Gain[];
  /** How the gains' intervals were drawn. */
  readonly bootstrap: Bootstrap;
  /** By setting, the classical method with the highest mean on test images. */
  readonly best: readonly BaselineName[];
  /** [setting][method][bin]: mean SSIM on test images by the distance from the rim (rim.ts). */
  readonly rims: readonly (readonly (readonly (number | null)[])[])[];
  /** Components of PCA by setting, as chosen on train images held out. */
  readonly components: Readonly<Record<string, number>>;
  readonly layers: readonly Layer[];
  /** By setting, over the picks: of samples of the model's latent. */
  readonly samples: readonly SampleStatistics[];
  /** The same number of picks in every setting. */
  readonly picks: readonly (readonly ExamplePick[])[];
  readonly model: ModelInfo;
  /** Floating-point operations of the network that restore one image. */
  readonly operations: number;
  /** The epochs as the stage `train` wrote them. */
  readonly history: readonly HistoryEntry[];
  readonly notes: readonly string[];
  /** sha256 of each file that was read. */
  readonly digests: Readonly<Record<string, string>>;
}

/** One epoch: numbers by name, nested as the stage `train` likes. */
export type HistoryEntry = { readonly [name: string]: number | HistoryEntry };

export interface ItemScores {
  readonly index: ScoresIndex;
  readonly test: Scores;
  readonly train: Scores;
  /** [settings, test images]: the occluded share of each. */
  readonly areas: ArrayLike<number>;
  /** uint8 [settings, picks, layers, size, size(, 3)] */
  readonly examples: Uint8Array;
}

export function writeScores(folder: string, scores: ItemScores): void {
  const { index, test, train, areas, examples } = scores;
  writeJson(join(folder, 'index.json'), index);
  const { size, channels } = index.image;
  for (const [name, scores] of [
    ['test', test],
    ['train', train],
  ] as const) {
    const shape = [index.settings.length, index.methods.length, 2, index.scores.length];
    writeNpy(join(folder, `${name}.npy`), Float32Array.from(scores.values), [
      ...shape,
      scores.images,
    ]);
  }
  writeNpy(join(folder, 'areas.npy'), Float32Array.from(areas), [
    index.settings.length,
    test.images,
  ]);
  const shape = [
    index.settings.length,
    index.picks[0]?.length ?? 0,
    index.layers.length,
    size,
    size,
  ];
  writeNpy(join(folder, 'examples.npy'), examples, channels === 1 ? shape : [...shape, channels]);
}

export function readScores(folder: string): ItemScores {
  const index = readJson<ScoresIndex>(join(folder, 'index.json'));
  const read = (side: Side): Scores => ({
    settings: index.settings.map(({ name }) => name),
    methods: index.methods,
    names: index.scores,
    images: index.sides[side].scored,
    values: Float64Array.from(readNpy(join(folder, `${side}.npy`)).data),
  });
  return {
    index,
    test: read('test'),
    train: read('train'),
    areas: readNpy(join(folder, 'areas.npy')).data,
    examples: readNpyBytes(join(folder, 'examples.npy')).data,
  };
}

const SHAPE_ORDER: readonly Shape[] = ['square', 'rectangle', 'ellipse', 'strokes', 'border'];

/** Settings as tables list them: by shape, then from the smallest hole to the largest. */
export function orderSettings({ settings }: MaskIndex): readonly Setting[] {
  return Object.entries(settings)
    .map(([name, setting]) => ({ name, ...setting }))
    .sort(
      (a, b) =>
        SHAPE_ORDER.indexOf(a.shape) - SHAPE_ORDER.indexOf(b.shape) || a.meanArea - b.meanArea,
    );
}
