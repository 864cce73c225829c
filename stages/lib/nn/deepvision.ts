/**
 * `deepvision`: the paper's network (VGG-like encoder, dense latent, DCGAN-like decoder) with each
 * deviation of its code from what it should be as a switch, and a width that scales it down.
 */

import {
  batchNorm,
  batchNormSpecs,
  type Moments,
  type Statistics,
} from '@pipe-experiment/networks/batchnorm.js';
import {
  draw,
  type Gaussian,
  klBetween,
  klFromStandard,
} from '@pipe-experiment/networks/latent.js';
import {
  conv,
  convSpecs,
  convTranspose,
  convTransposeSpecs,
  dense,
  denseSpecs,
  leaky,
  maxPool2,
} from '@pipe-experiment/networks/layers.js';
import type { ParamSpec, Params } from '@pipe-experiment/networks/params.js';
import { enlarge, shrink } from '@pipe-experiment/networks/resize.js';
import * as tf from '@tensorflow/tfjs-core';
import { type DeepvisionConfig, type DeepvisionPlan, planDeepvision } from './deepvision-plan.js';
import type { Network, Occluded } from './network.js';

/** Bounds of the log-variances, wide enough to be met by none but a run gone astray: its KL stays finite. */
const LOGVAR = [-20, 10] as const;

/** Begins the names of a second encoder, which sees the whole image in training. */
const WHOLE = 'whole.';

/** The network for images of size×size×channels. Allocates nothing. */
export function deepvision(config: DeepvisionConfig, size: number, channels: number): Network {
  const plan = planDeepvision(config, size, channels);
  return {
    specs: layerSpecs(plan),
    noise: [plan.latent],
    atTest: { latent: config.testLatent, statistics: config.testStatistics },
    train(params, seen, target, noise) {
      const moments: Moments[] = [];
      const statistics: Statistics = { kind: 'batch', moments };
      const visible = encode(plan, params, networkInput(config, seen, 'signed'), statistics);
      const whole = { filled: target, mask: seen.mask };
      const latent =
        config.prior === 'standard'
          ? visible
          : encode(plan, params, networkInput(config, whole, 'signed'), statistics, WHOLE);
      const code = draw(latent, noise) as tf.Tensor2D;
      const decoded = decode(plan, params, code, statistics);
      const kl = latent === visible ? klFromStandard(latent) : klBetween(latent, visible);
      return { restored: finish(config, seen, decoded), kl, moments };
    },
    restore(params, seen, noise) {
      const moments: Moments[] = [];
      const restored = tf.tidy(() => {
        const statistics: Statistics =
          config.testStatistics === 'batch' ? { kind: 'batch', moments } : { kind: 'running' };
        const input = networkInput(config, seen, config.testRange);
        const code = draw(encode(plan, params, input, statistics), noise) as tf.Tensor2D;
        return finish(config, seen, decode(plan, params, code, statistics));
      });
      for (const { mean, variance } of moments) tf.dispose([mean, variance]);
      return restored;
    },
  };
}

function layerSpecs(plan: DeepvisionPlan): ParamSpec[] {
  const { hidden, latent, flat } = plan;
  // What is added to the pre-fill is nothing at first.
  const lastStart = plan.config.output === 'residual' ? 'zero' : 'pytorch';
  const encoder = (prefix: string) => [
    ...plan.encoder.flatMap(({ name, convs, outputs }) => [
      ...convs.flatMap(({ name, inputs }) => convSpecs(`${prefix}${name}`, 3, inputs, outputs)),
      ...batchNormSpecs(`${prefix}${name}.norm`, outputs),
    ]),
    ...denseSpecs(`${prefix}fc1`, flat, hidden),
    ...denseSpecs(`${prefix}mean`, hidden, latent),
    ...denseSpecs(`${prefix}logvar`, hidden, latent),
  ];
  return [
    ...encoder(''),
    ...(plan.config.prior === 'conditional' ? encoder(WHOLE) : []),
    ...denseSpecs('expand', latent, hidden),
    ...denseSpecs('fc4', hidden, flat),
    ...plan.decoder.flatMap(({ name, kernel, inputs, outputs, last }) => [
      ...convTransposeSpecs(name, kernel, inputs, outputs, last ? lastStart : 'pytorch'),
      ...(last ? [] : batchNormSpecs(`${name}.norm`, outputs)),
    ]),
  ];
}

/** [B, S, S, C or C + 1], on [−1, 1] or, as the code does at test, on [0, 1]. */
function networkInput(
  { input, downscale }: DeepvisionConfig,
  { filled, mask }: Occluded,
  range: 'unit' | 'signed',
): tf.Tensor4D {
  const image = shrink(filled, downscale);
  const ranged: tf.Tensor4D = range === 'signed' ? tf.sub(tf.mul(image, 2), 1) : image;
  return input === 'image' ? ranged : tf.concat([ranged, shrink(mask, downscale)], 3);
}

export function encode(
  { config, encoder, flat }: DeepvisionPlan,
  params: Params,
  input: tf.Tensor4D,
  statistics: Statistics,
  prefix = '',
): Gaussian {
  const { slope, denseSlope, padding } = config;
  let x = input;
  for (const { name, convs } of encoder) {
    for (const { name } of convs) x = conv(params, `${prefix}${name}`, x, padding);
    const pooled = maxPool2(x, padding);
    x = leaky(batchNorm(params, `${prefix}${name}.norm`, pooled, statistics), slope);
  }
  const hidden = leaky(dense(params, `${prefix}fc1`, tf.reshape(x, [-1, flat])), denseSlope);
  return {
    mean: dense(params, `${prefix}mean`, hidden),
    logvar: tf.clipByValue(dense(params, `${prefix}logvar`, hidden), LOGVAR[0], LOGVAR[1]),
  };
}

export function decode(
  { config, decoder, side, depth }: DeepvisionPlan,
  params: Params,
  code: tf.Tensor2D,
  statistics: Statistics,
): tf.Tensor4D {
  const { slope, denseSlope, padding } = config;
  const hidden = leaky(dense(params, 'expand', code), denseSlope);
  const flat = leaky(dense(params, 'fc4', hidden), denseSlope);
  let x = tf.reshape(flat, [-1, side, side, depth]) as tf.Tensor4D;
  for (const { name, size, stride, last } of decoder) {
    x = convTranspose(params, name, x, size, stride, padding);
    if (!last) x = leaky(batchNorm(params, `${name}.norm`, x, statistics), slope);
  }
  return x;
}

function finish(
  { output, downscale }: DeepvisionConfig,
  { filled, mask }: Occluded,
  decoded: tf.Tensor4D,
): tf.Tensor4D {
  const whole = enlarge(decoded, downscale);
  return output === 'image' ? tf.sigmoid(whole) : tf.add(filled, tf.mul(whole, mask));
}
