/** The layers of `restorer` as data: sides, channels and parameters for a width and an image size. */
import { checkInteger, checkNumber, type Tree } from '@pipe-experiment/data/check.js';
import { mistake } from '@pipe-experiment/data/mistake.js';
import { convSpecs, convTransposeSpecs } from '@pipe-experiment/networks/layers.js';
import type { ParamSpec } from '@pipe-experiment/networks/params.js';

export interface RestorerConfig {
  readonly arch: 'restorer';
  /** Multiplies every count of channels. */
  readonly width: number;
  /** Numbers of the latent for each cell of its grid. */
  readonly latent: number;
  /** Share of a batch that is trained with the latent of the posterior; the rest with the prior's mean. */
  readonly posterior: number;
  /** How many pre-fills it is shown. */
  readonly fills: number;
}

const DEFAULTS = {
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

/** A `restorer` names the parameters that differ from its defaults. */
export const restorerParams = {
  defaults: (): Tree => DEFAULTS,
  check: (tree: Tree, name: string, fills: number): RestorerConfig => ({
    arch: 'restorer',
    width: checkNumber(tree.width, `${name}.width`, 0.01, 8),
    latent: checkInteger(tree.latent, `${name}.latent`, 1, 512),
    posterior: checkNumber(tree.posterior, `${name}.posterior`, 0, 1),
    fills,
  }),
};

/** Channels at width 1, from the image's own side down, each level half the side of the one before. */
const CHANNELS = [16, 32, 64, 128, 128];
/** The level on whose grid the latent lies: an eighth of the image's side. */
export const GRID = 3;
/** Residual blocks at the coarsest level, which see the whole image. */
export const BLOCKS = 2;
/** The posterior's own levels, from half the image's side. */
const POSTERIOR = [16, 32, 64];
const UP_KERNEL = 4; // a multiple of the stride: every pixel gets as many taps

export interface RestorerPlan {
  readonly config: RestorerConfig;
  /** Channels of the image, and of image and mask together. */
  readonly channels: number;
  /** Side and depth of each level. */
  readonly sides: readonly number[];
  readonly depths: readonly number[];
  readonly posterior: readonly number[];
  /** Side of the latent's grid, and its numbers for each cell. */
  readonly grid: number;
  readonly latent: number;
  /** Pre-fills but one: for each of them the network weighs how far it goes to its side. */
  readonly others: number;
}

export function planRestorer(config: RestorerConfig, size: number, channels: number): RestorerPlan {
  const scaled = (count: number) => Math.max(1, Math.round(count * config.width));
  const sides = CHANNELS.map((_, level) => Math.ceil(size / 2 ** level));
  if (sides.at(-1)! < 2) {
    throw mistake(`model: the restorer network needs images of 17×17 pixels or more, got ${size}`);
  }
  return {
    config,
    channels,
    sides,
    depths: CHANNELS.map(scaled),
    posterior: POSTERIOR.map(scaled),
    grid: sides[GRID]!,
    latent: config.latent,
    others: config.fills - 1,
  };
}

/**
 * `down<l>` halves the side into level l, `conv<l>` works there; `up<l>` doubles the side into level
 * l, `skip<l>` brings the encoder's level l to the decoder, `join<l>` works on their sum.
 */
export function restorerSpecs(plan: RestorerPlan): ParamSpec[] {
  const { config, depths, channels, latent, others } = plan;
  const seen = channels + 1;
  const last = depths.length - 1;
  const levels = depths.slice(1).map((depth, i) => ({ level: i + 1, depth, above: depths[i]! }));
  const context = depths[GRID]!;
  return [
    ...convSpecs('conv0', 3, seen + others * channels, depths[0]!, 'he'),
    ...levels.flatMap(({ level, depth, above }) => [
      ...convSpecs(`down${level}`, UP_KERNEL, above, depth, 'he'),
      ...convSpecs(`conv${level}`, 3, depth, depth, 'he'),
    ]),
    ...Array.from({ length: BLOCKS }, (_, i) => [
      ...convSpecs(`block${i + 1}.first`, 3, depths[last]!, depths[last]!, 'he'),
      ...convSpecs(`block${i + 1}.second`, 3, depths[last]!, depths[last]!, 'zero'),
    ]).flat(),
    ...convSpecs('prior', 3, context, 2 * latent),
    ...(config.posterior === 0 ? [] : posteriorSpecs(plan)),
    ...convSpecs('latent', 3, latent, context),
    ...levels
      .reverse()
      .flatMap(({ level, depth, above }) => [
        ...convTransposeSpecs(`up${level - 1}`, UP_KERNEL, depth, above, 'he', 2),
        ...convSpecs(`skip${level - 1}`, 1, above, above, 'he'),
        ...convSpecs(`join${level - 1}`, 3, above, above, 'he'),
      ]),
    ...convSpecs('out', 3, depths[0]!, channels + others, 'zero'),
  ];
}

/** What looks at the whole image in training; absent where no image of a batch has a posterior. */
function posteriorSpecs({ channels, depths, posterior, latent }: RestorerPlan): ParamSpec[] {
  return [
    ...posterior.flatMap((depth, i) =>
      convSpecs(`seen${i + 1}`, UP_KERNEL, i === 0 ? channels + 1 : posterior[i - 1]!, depth, 'he'),
    ),
    ...convSpecs('posterior', 3, depths[GRID]! + posterior.at(-1)!, 2 * latent),
  ];
}
