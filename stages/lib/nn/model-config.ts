/** A model as `model.<name>` has it: architecture, its switches, what it is shown, what it minimises. */
import {
  checkChoice,
  checkInteger,
  checkKeys,
  checkNumber,
  checkTree,
  type Tree,
} from '@pipe-experiment/data/check.js';
import { mistake } from '@pipe-experiment/data/mistake.js';
import { KERNELS, type Kernel } from '../images.js';
import type { NetworkConfig } from './create.js';
import type { DeepvisionConfig } from './deepvision-plan.js';
import type { LossConfig } from './losses.js';
import { PREFILLS, type Prefill } from './prefill.js';
import type { RestorerConfig } from './restorer-plan.js';

export interface ModelConfig {
  readonly network: NetworkConfig;
  /** Which of the arrays of images it is trained and tested on: by the kernel that scaled them. */
  readonly kernel: Kernel | 'first';
  /** What the network sees in the hole: the mean of these; `restorer` how they differ as well. */
  readonly prefill: readonly Prefill[];
  /** `baked`: each image has one mask for ever (the code); `fresh`: another in each epoch. */
  readonly masks: 'baked' | 'fresh';
  /** The settings of `occlusions` that it is trained on, in equal parts. */
  readonly occlusions: readonly string[];
  readonly loss: LossConfig;
}

/** Each switch of `deepvision` as the paper's code has it. */
const CODE = {
  kernel: 'nearest',
  width: 1,
  hidden: 0,
  latent: 0,
  downscale: 1,
  slope: 1,
  padding: 'valid',
  input: 'image',
  output: 'image',
  testRange: 'unit',
  testStatistics: 'batch',
  testLatent: 'sample',
  prefill: 'black',
  masks: 'baked',
  pixel: 'mse',
  known: 1,
  ssim: 0,
  kl: 0.01,
  freeNats: 0,
  klWarmup: 0,
} as const;

/** Each switch turned right; what is a matter of taste stays as in the code. */
const RIGHT = {
  ...CODE,
  kernel: 'first',
  slope: 0.2,
  input: 'image+mask',
  testRange: 'signed',
  testStatistics: 'running',
  testLatent: 'mean',
  prefill: 'mean',
  masks: 'fresh',
} as const;

const BASES = { code: CODE, right: RIGHT } as const;

const RESTORER = {
  kernel: 'first',
  width: 1,
  latent: 8,
  posterior: 0.5,
  prefill: 'harmonic',
  masks: 'fresh',
  pixel: 'l1',
  known: 0,
  ssim: 1,
  kl: 2,
  freeNats: 0,
  klWarmup: 5,
} as const;

/**
 * A `deepvision` names the base of its switches, `code` or `right`, and then those that differ from
 * it; a `restorer` just those that differ from its defaults.
 *
 * @param settings the names in `occlusions`
 */
export function checkModel(value: unknown, name: string, settings: readonly string[]): ModelConfig {
  const given = checkTree(value, name);
  const arch = checkChoice(given.arch, `${name}.arch`, ['deepvision', 'restorer']);
  const tree = arch === 'deepvision' ? withBase(given, name) : withDefaults(given, name);
  const prefill = checkPrefill(tree.prefill, `${name}.prefill`);
  return {
    network:
      arch === 'deepvision' ? checkDeepvision(tree, name) : checkRestorer(tree, name, prefill),
    kernel: checkChoice(tree.kernel, `${name}.kernel`, ['first', ...KERNELS]),
    prefill,
    masks: checkChoice(tree.masks, `${name}.masks`, ['baked', 'fresh']),
    occlusions: checkSettings(tree.occlusions, `${name}.occlusions`, settings),
    loss: checkLoss(tree, name),
  };
}

function withBase(given: Tree, name: string): Tree {
  checkKeys(given, name, ['arch', 'base', 'occlusions', ...Object.keys(CODE)]);
  const base = checkChoice(given.base ?? 'right', `${name}.base`, ['code', 'right']);
  return { ...BASES[base], ...given };
}

function withDefaults(given: Tree, name: string): Tree {
  checkKeys(given, name, ['arch', 'occlusions', ...Object.keys(RESTORER)]);
  return { ...RESTORER, ...given };
}

function checkDeepvision(tree: Tree, name: string): DeepvisionConfig {
  return {
    arch: 'deepvision',
    width: checkNumber(tree.width, `${name}.width`, 0.001, 4),
    hidden: checkInteger(tree.hidden, `${name}.hidden`, 0, 100_000),
    latent: checkInteger(tree.latent, `${name}.latent`, 0, 100_000),
    downscale: checkInteger(tree.downscale, `${name}.downscale`, 1, 8),
    slope: checkNumber(tree.slope, `${name}.slope`, 0, 1),
    padding: checkChoice(tree.padding, `${name}.padding`, ['valid', 'same']),
    input: checkChoice(tree.input, `${name}.input`, ['image', 'image+mask']),
    output: checkChoice(tree.output, `${name}.output`, ['image', 'residual']),
    testRange: checkChoice(tree.testRange, `${name}.testRange`, ['unit', 'signed']),
    testStatistics: checkChoice(tree.testStatistics, `${name}.testStatistics`, [
      'batch',
      'running',
    ]),
    testLatent: checkChoice(tree.testLatent, `${name}.testLatent`, ['sample', 'mean']),
  };
}

function checkRestorer(tree: Tree, name: string, prefill: readonly Prefill[]): RestorerConfig {
  return {
    arch: 'restorer',
    width: checkNumber(tree.width, `${name}.width`, 0.01, 8),
    latent: checkInteger(tree.latent, `${name}.latent`, 1, 512),
    posterior: checkNumber(tree.posterior, `${name}.posterior`, 0, 1),
    fills: prefill.length,
  };
}

/** One by its name, or several as a list. */
function checkPrefill(value: unknown, name: string): readonly Prefill[] {
  if (!Array.isArray(value)) return [checkChoice(value, name, PREFILLS)];
  const kinds = value.map((item, i) => checkChoice(item, `${name}[${i}]`, PREFILLS));
  if (kinds.length === 0 || new Set(kinds).size < kinds.length) {
    throw mistake(
      `${name}: expected one pre-fill or several different ones`,
      `Known: ${PREFILLS.join(', ')}.`,
    );
  }
  return kinds;
}

function checkLoss(tree: Tree, name: string): LossConfig {
  return {
    pixel: checkChoice(tree.pixel, `${name}.pixel`, ['mse', 'l1']),
    known: checkNumber(tree.known, `${name}.known`, 0, 1),
    ssim: checkNumber(tree.ssim, `${name}.ssim`, 0, 1000),
    kl: checkNumber(tree.kl, `${name}.kl`, 0, 1e6),
    freeNats: checkNumber(tree.freeNats, `${name}.freeNats`, 0, 1e6),
    klWarmup: checkInteger(tree.klWarmup, `${name}.klWarmup`, 0),
  };
}

function checkSettings(value: unknown, name: string, settings: readonly string[]): string[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw mistake(`${name}: expected a list of settings`, `Known: ${settings.join(', ')}.`);
  }
  return value.map((item, i) => checkChoice(item, `${name}[${i}]`, settings));
}
