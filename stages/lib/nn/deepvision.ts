/**
 * `deepvision`: the paper's network (VGG-like encoder, dense latent, DCGAN-like decoder) with each
 * deviation of its code from what it should be as a switch, and a width that scales it down.
 */
import * as tf from '@tensorflow/tfjs-core';
import { batchNorm, batchNormSpecs, type Moments, type Statistics } from './batchnorm.js';
import { type DeepvisionConfig, type DeepvisionPlan, planDeepvision } from './deepvision-plan.js';
import { draw, type Gaussian, klFromStandard } from './latent.js';
import {
  conv,
  convSpecs,
  convTranspose,
  convTransposeSpecs,
  dense,
  denseSpecs,
  leaky,
  maxPool2,
} from './layers.js';
import type { Network, Occluded } from './network.js';
import type { ParamSpec, Params } from './params.js';
import { enlarge, shrink } from './resize.js';

/** Bounds of the log-variances, wide enough to be met by none but a run gone astray: its KL stays finite. */
const LOGVAR = [-20, 10] as const;

/** The network for images of size×size×channels. Allocates nothing. */
export function deepvision(config: DeepvisionConfig, size: number, channels: number): Network {
  const plan = planDeepvision(config, size, channels);
  return {
    specs: layerSpecs(plan),
    noise: [plan.latent],
    atTest: { latent: config.testLatent, statistics: config.testStatistics },
    train(params, seen, _target, noise) {
      const moments: Moments[] = [];
      const input = networkInput(config, seen, 'signed');
      const latent = encode(plan, params, input, { kind: 'batch', moments });
      const code = draw(latent, noise) as tf.Tensor2D;
      const decoded = decode(plan, params, code, { kind: 'batch', moments });
      return { restored: finish(config, seen, decoded), kl: klFromStandard(latent), moments };
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
  return [
    ...plan.encoder.flatMap(({ name, convs, outputs }) => [
      ...convs.flatMap(({ name, inputs }) => convSpecs(name, 3, inputs, outputs)),
      ...batchNormSpecs(`${name}.norm`, outputs),
    ]),
    ...denseSpecs('fc1', flat, hidden),
    ...denseSpecs('mean', hidden, latent),
    ...denseSpecs('logvar', hidden, latent),
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

function encode(
  { config, encoder, flat }: DeepvisionPlan,
  params: Params,
  input: tf.Tensor4D,
  statistics: Statistics,
): Gaussian {
  const { slope, padding } = config;
  let x = input;
  for (const { name, convs } of encoder) {
    for (const { name } of convs) x = conv(params, name, x, padding);
    x = leaky(batchNorm(params, `${name}.norm`, maxPool2(x, padding), statistics), slope);
  }
  const hidden = leaky(dense(params, 'fc1', tf.reshape(x, [-1, flat])), slope);
  return {
    mean: dense(params, 'mean', hidden),
    logvar: tf.clipByValue(dense(params, 'logvar', hidden), LOGVAR[0], LOGVAR[1]),
  };
}

function decode(
  { config, decoder, side, depth }: DeepvisionPlan,
  params: Params,
  code: tf.Tensor2D,
  statistics: Statistics,
): tf.Tensor4D {
  const { slope, padding } = config;
  const hidden = leaky(dense(params, 'expand', code), slope);
  const flat = leaky(dense(params, 'fc4', hidden), slope);
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
