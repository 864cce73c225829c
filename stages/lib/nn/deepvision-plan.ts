/** The layers of `deepvision` as data: names, channels, sides and kernels for a width and an image size. */
import { checkChoice, checkInteger, checkNumber, type Tree } from '@pipe-experiment/data/check.js';
import { mistake } from '@pipe-experiment/data/mistake.js';
import type { Padding } from '@pipe-experiment/networks/layers.js';

export interface DeepvisionConfig {
  readonly arch: 'deepvision';
  /** Multiplies every count of channels and units; 1 is the paper's. */
  readonly width: number;
  /** Units of the two hidden dense layers; 0 for the paper's 8000 · width. */
  readonly hidden: number;
  /** Units of the latent; 0 for the paper's 1500 · width. */
  readonly latent: number;
  /** Slope of the leaky ReLUs after batch norms: 1 in the code (the identity), 0.01 was meant, 0.2 is right. */
  readonly slope: number;
  /** Slope of those after the dense layers, which the code does not have: 1 leaves them out. */
  readonly denseSlope: number;
  /**
   * Of the latent in training: N(0, 1) for an encoder that sees what the decoder is to restore (the code), or
   * as Ham 2018 has it: a prior from what is visible, and a posterior from the whole image.
   */
  readonly prior: 'standard' | 'conditional';
  /** `valid` as in the code; `same` keeps the border. */
  readonly padding: Padding;
  /** What the network is shown: the image alone (the code), or the mask too. */
  readonly input: 'image' | 'image+mask';
  /** What it gives: the image (the code), or what is to be added to the pre-fill in the hole. */
  readonly output: 'image' | 'residual';
  /** Range of the input at test: the code forgets to bring it to the [−1, 1] of training. */
  readonly testRange: 'unit' | 'signed';
  /** Batch-norm statistics at test: of the one image (the code), or the running ones. */
  readonly testStatistics: 'batch' | 'running';
  /** The latent at test: drawn (the code), or its mean. */
  readonly testLatent: 'sample' | 'mean';
  /** The network works on images made smaller by this factor; 1 is the paper's. */
  readonly downscale: number;
}

/** Each switch of `deepvision` as the paper's code has it. */
const CODE = {
  kernel: 'nearest',
  width: 1,
  hidden: 0,
  latent: 0,
  downscale: 1,
  slope: 1,
  denseSlope: 1,
  prior: 'standard',
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
  denseSlope: 0.2,
  input: 'image+mask',
  testRange: 'signed',
  testStatistics: 'running',
  testLatent: 'mean',
  prefill: 'mean',
  masks: 'fresh',
} as const;

const BASES = { code: CODE, right: RIGHT } as const;

/** A `deepvision` names the base of its switches, `code` or `right`, and then those that differ from it. */
export const deepvisionParams = {
  defaults(given: Tree, name: string): Tree {
    return BASES[checkChoice(given.base ?? 'right', `${name}.base`, ['code', 'right'])];
  },
  check(tree: Tree, name: string): DeepvisionConfig {
    const oneOf = <T extends string>(key: string, choices: readonly T[]) =>
      checkChoice(tree[key], `${name}.${key}`, choices);
    const units = (key: string) => checkInteger(tree[key], `${name}.${key}`, 0, 100_000);
    const slope = (key: string) => checkNumber(tree[key], `${name}.${key}`, 0, 1);
    return {
      arch: 'deepvision',
      width: checkNumber(tree.width, `${name}.width`, 0.001, 4),
      hidden: units('hidden'),
      latent: units('latent'),
      downscale: checkInteger(tree.downscale, `${name}.downscale`, 1, 8),
      slope: slope('slope'),
      denseSlope: slope('denseSlope'),
      prior: oneOf('prior', ['standard', 'conditional']),
      padding: oneOf('padding', ['valid', 'same']),
      input: oneOf('input', ['image', 'image+mask']),
      output: oneOf('output', ['image', 'residual']),
      testRange: oneOf('testRange', ['unit', 'signed']),
      testStatistics: oneOf('testStatistics', ['batch', 'running']),
      testLatent: oneOf('testLatent', ['sample', 'mean']),
    };
  },
};

interface EncoderBlock {
  readonly name: string;
  readonly outputs: number;
  readonly convs: readonly { readonly name: string; readonly inputs: number }[];
}

interface DecoderLayer {
  readonly name: string;
  readonly kernel: number;
  readonly stride: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Side of its output. */
  readonly size: number;
  readonly last: boolean;
}

export interface DeepvisionPlan {
  readonly config: DeepvisionConfig;
  readonly encoder: readonly EncoderBlock[];
  readonly decoder: readonly DecoderLayer[];
  /** Side and depth of the encoder's last feature map, and their product side·side·depth. */
  readonly side: number;
  readonly depth: number;
  readonly flat: number;
  readonly hidden: number;
  readonly latent: number;
}

/** The paper's, at width 1. */
const PAPER = {
  encoder: [
    { channels: 64, convs: 2 },
    { channels: 128, convs: 2 },
    { channels: 256, convs: 3 },
  ],
  decoder: [128, 64, 32, 16, 8],
  hidden: 8000,
  latent: 1500,
} as const;

const STRIDED = 3; // of the six transposed convolutions, the first three double the side
const STRIDED_KERNEL = 5;
const SAME_KERNEL = 3; // of the other three, where padding keeps the side

/**
 * Lays out the network. At width 1 and 100×100: blocks of 48×48×64, 22×22×128 and 8×8×256, dense
 * 8000, latent 1500, transposed convolutions 8 → 19 → 41 → 85 → 90 → 95 → 100.
 */
export function planDeepvision(
  config: DeepvisionConfig,
  size: number,
  channels: number,
): DeepvisionPlan {
  const scaled = (count: number) => Math.max(1, Math.round(count * config.width));
  const inner = size / config.downscale;
  const sides = encoderSides(inner, config.padding);
  const side = sides.at(-1)!;
  const depth = scaled(PAPER.encoder.at(-1)!.channels);
  return {
    config,
    encoder: planEncoder(channels + (config.input === 'image+mask' ? 1 : 0), scaled),
    decoder: planDecoder(depth, [...PAPER.decoder.map(scaled), channels], sides, inner, config),
    side,
    depth,
    flat: side * side * depth,
    hidden: config.hidden || scaled(PAPER.hidden),
    latent: config.latent || scaled(PAPER.latent),
  };
}

/** Sides after 0, 1, 2 and 3 blocks. */
function encoderSides(size: number, padding: Padding): number[] {
  const sides = [size];
  for (const { convs } of PAPER.encoder) {
    const before = sides.at(-1)!;
    const after =
      padding === 'valid' ? Math.floor((before - 2 * convs) / 2) : Math.ceil(before / 2);
    if (!Number.isInteger(before) || after < 1) {
      throw mistake(
        `model: the deepvision network does not fit images of ${size}×${size} pixels`,
        'Make image.size / model.downscale a whole number of 44 or more, or use padding: same.',
      );
    }
    sides.push(after);
  }
  return sides;
}

function planEncoder(inputs: number, scaled: (count: number) => number): EncoderBlock[] {
  let before = inputs;
  return PAPER.encoder.map(({ channels, convs }, block) => {
    const name = `enc${block + 1}`;
    const outputs = scaled(channels);
    const layers = Array.from({ length: convs }, (_, i) => ({
      name: `${name}.conv${i + 1}`,
      inputs: i === 0 ? before : outputs,
    }));
    before = outputs;
    return { name, outputs, convs: layers };
  });
}

function planDecoder(
  depth: number,
  outputs: readonly number[],
  sides: readonly number[],
  size: number,
  { padding }: DeepvisionConfig,
): DecoderLayer[] {
  const geometry =
    padding === 'valid'
      ? growValid(sides.at(-1)!, size, outputs.length)
      : growSame(sides, outputs.length);
  return outputs.map((count, i) => ({
    name: `dec${i + 1}`,
    ...geometry[i]!,
    inputs: i === 0 ? depth : outputs[i - 1]!,
    outputs: count,
    last: i === outputs.length - 1,
  }));
}

type Growth = Pick<DecoderLayer, 'kernel' | 'stride' | 'size'>;

/** Three strided layers, s → 2s + 3 each; the rest of the way to `size` is shared by the last three. */
function growValid(start: number, size: number, count: number): Growth[] {
  const layers: Growth[] = [];
  let side = start;
  for (let i = 0; i < STRIDED; i++) {
    side = (side - 1) * 2 + STRIDED_KERNEL;
    layers.push({ kernel: STRIDED_KERNEL, stride: 2, size: side });
  }
  for (let left = count - STRIDED; left > 0; left--) {
    const step = Math.ceil((size - side) / left);
    side += step;
    layers.push({ kernel: step + 1, stride: 1, size: side });
  }
  return layers;
}

/** Back through the encoder's sides, then three layers that keep the last. */
function growSame(sides: readonly number[], count: number): Growth[] {
  const back = [...sides].reverse();
  return Array.from({ length: count }, (_, i) =>
    i < STRIDED
      ? { kernel: STRIDED_KERNEL, stride: 2, size: back[i + 1]! }
      : { kernel: SAME_KERNEL, stride: 1, size: sides[0]! },
  );
}
