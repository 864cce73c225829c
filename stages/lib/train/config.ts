/** The `train:` and `model:` parameters, checked and turned into a typed configuration. */

import {
  checkChoice,
  checkInteger,
  checkKeys,
  checkNumber,
  checkTree,
  type Tree,
} from '@pipe-experiment/data/check.js';
import { mistake } from '@pipe-experiment/data/mistake.js';
import { BACKEND_NAMES, type BackendName } from '@pipe-experiment/networks/backend/choose.js';
import { power } from '@pipe-experiment/numerics/power.js';
import { checkModel, type ModelConfig } from '../nn/model-config.js';

/** How to train: what does not depend on the architecture. */
export interface TrainConfig {
  readonly batch: number;
  /**
   * Parts of a batch whose gradients are computed one by one, by as many threads as the item has cores, and
   * added in their order. Batch norm takes the statistics of each part.
   */
  readonly shards: number;
  readonly learningRate: number;
  /** The learning rate is multiplied by this after each epoch. */
  readonly decay: number;
  /** Epochs over which the learning rate falls along half a cosine to 2 % of itself; 0: it does not. */
  readonly cosine: number;
  /** Updates over which the learning rate grows linearly from 0. */
  readonly warmup: number;
  /** Decay of the average of the weights; 0: the weights are used as they are. */
  readonly ema: number;
  /** The largest norm of all gradients together; 0: they are used as they are, as in the code. */
  readonly clip: number;
  /** Mirrors half of the images, drawn again in each epoch. */
  readonly flip: boolean;
  /** Turns images by quarters, drawn again in each epoch. */
  readonly turns: boolean;
  /** Magnifies images by up to this factor, each time another part of them; 1 leaves them. */
  readonly zoom: number;
  /** So many masks, turns and zooms of each image, which come again in turn; 0: new ones in each epoch. */
  readonly pool: number;
  /** The item's, from the matrix: what is drawn in training depends on it. */
  readonly seed: number;
  /** So many train images are kept aside to measure each epoch; no image of their groups is trained on. */
  readonly validation: number;
  readonly backend: BackendName;
}

const DEFAULTS = {
  batch: 32,
  shards: 1,
  learningRate: 1e-3,
  decay: 1,
  cosine: 0,
  warmup: 0,
  ema: 0,
  clip: 0,
  flip: false,
  turns: false,
  zoom: 1,
  pool: 0,
  validation: 0,
  backend: 'auto',
} as const;

/** `epochs` is the tool's; the model may bring its own values for the rest, under `model.<name>.train`. */
function checkTrain(value: unknown, ofModel: unknown, { model, seed }: TrainedItem): TrainConfig {
  const shared = checkTree(value, 'train');
  const own = ofModel === undefined ? {} : checkTree(ofModel, `model.${model}.train`);
  checkKeys(shared, 'train', ['epochs', ...Object.keys(DEFAULTS)]);
  checkKeys(own, `model.${model}.train`, Object.keys(DEFAULTS));
  const tree: Tree = { ...DEFAULTS, ...shared, ...own };
  const batch = checkInteger(tree.batch, 'train.batch', 1, 65_536);
  return {
    batch,
    shards: checkInteger(tree.shards, 'train.shards', 1, batch),
    learningRate: checkNumber(tree.learningRate, 'train.learningRate', 0, 10),
    decay: checkNumber(tree.decay, 'train.decay', 0, 1),
    cosine: checkInteger(tree.cosine, 'train.cosine', 0),
    warmup: checkInteger(tree.warmup, 'train.warmup', 0),
    ema: checkNumber(tree.ema, 'train.ema', 0, 0.99999),
    clip: checkNumber(tree.clip, 'train.clip', 0, 1e9),
    flip: checkFlag(tree.flip, 'train.flip'),
    turns: checkFlag(tree.turns, 'train.turns'),
    zoom: checkNumber(tree.zoom, 'train.zoom', 1, 4),
    pool: checkInteger(tree.pool, 'train.pool', 0, 100),
    seed: checkInteger(seed, 'seeds', 0),
    validation: checkInteger(tree.validation, 'train.validation', 0),
    backend: checkChoice(tree.backend, 'train.backend', BACKEND_NAMES),
  };
}

export interface Config {
  readonly train: TrainConfig;
  readonly model: ModelConfig;
}

/** The axes of an item that say what it trains, as the matrix has them. */
export interface TrainedItem {
  readonly model: string;
  /** Checked here: the axis may hold anything. */
  readonly seed: unknown;
}

/**
 * @param params `train`, and `model` with the one model that the item trains
 */
export function checkConfig(
  params: { readonly train: unknown; readonly model: unknown },
  item: TrainedItem,
  settings: readonly string[],
): Config {
  const name = item.model;
  const models = checkTree(params.model, 'model');
  if (!Object.hasOwn(models, name)) throw mistake(`model.${name}: no such model in params`);
  const { train, ...model } = checkTree(models[name], `model.${name}`);
  return {
    train: checkTrain(params.train, train, item),
    model: checkModel(model, `model.${name}`, settings),
  };
}

/** The learning rate of an update: `step` counts all updates from 1, `epoch` from 1. */
export function learningRateAt(config: TrainConfig, step: number, epoch: number): number {
  const warm = config.warmup === 0 ? 1 : Math.min(1, step / config.warmup);
  return (
    config.learningRate * warm * power(config.decay, epoch - 1) * cosineAt(config.cosine, epoch)
  );
}

/** Of what the cosine starts from, how much it ends at. */
const COSINE_END = 0.02;

function cosineAt(epochs: number, epoch: number): number {
  if (epochs === 0) return 1;
  const done = Math.min(1, (epoch - 1) / epochs);
  return COSINE_END + ((1 - COSINE_END) * (1 + Math.cos(Math.PI * done))) / 2;
}

function checkFlag(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') {
    throw mistake(`${name}: expected true or false, got ${JSON.stringify(value)}`);
  }
  return value;
}
