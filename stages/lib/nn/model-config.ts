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
import { KERNELS, type Kernel } from '@pipe-experiment/images/decode.js';
import type { Symmetries } from '@pipe-experiment/networks/symmetries.js';
import { architectureOf, type NetworkConfig } from './create.js';
import type { LossConfig } from './losses.js';
import { PREFILLS, type Prefill } from './prefill.js';

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
  /**
   * What is averaged at test: the image alone, the image and its mirror image (for aligned faces), or all
   * eight ways to turn and mirror it.
   */
  readonly symmetries: Symmetries;
  readonly loss: LossConfig;
}

/**
 * A model: its architecture, and the parameters that differ from the architecture's own.
 *
 * @param settings the names in `occlusions`
 */
export function checkModel(value: unknown, name: string, settings: readonly string[]): ModelConfig {
  const given = checkTree(value, name);
  const architecture = architectureOf(given.arch, `${name}.arch`);
  const defaults = { symmetries: 'none', ...architecture.defaults(given, name) };
  checkKeys(given, name, ['arch', 'base', 'occlusions', ...Object.keys(defaults)]);
  const tree: Tree = { ...defaults, ...given };
  const prefill = checkPrefill(tree.prefill, `${name}.prefill`);
  return {
    network: architecture.check(tree, name, prefill.length),
    kernel: checkChoice(tree.kernel, `${name}.kernel`, ['first', ...KERNELS]),
    prefill,
    masks: checkChoice(tree.masks, `${name}.masks`, ['baked', 'fresh']),
    occlusions: checkSettings(tree.occlusions, `${name}.occlusions`, settings),
    symmetries: checkChoice(tree.symmetries, `${name}.symmetries`, ['none', 'mirror', 'all']),
    loss: checkLoss(tree, name),
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
