/** The classical methods by name: fills, means of them, and linear methods that are fitted to images. */

import { planeOf, toBytes } from '@pipe-experiment/images/planes.js';
import { fillExemplar } from './exemplar.js';
import { fillFsr } from './fsr.js';
import type { Fill, Hole } from './hole.js';
import { fillByKriging, type Variogram } from './kriging.js';
import { fillNavierStokes } from './navier-stokes.js';
import { type Pca, restorePca } from './pca.js';
import { type PcaMixture, restorePcaMixture } from './pca-mixture.js';
import { fillMean, fillNone } from './simple.js';
import { fillBiharmonic, fillHarmonic, fillTension, mendSeam } from './smooth.js';
import { fillTelea } from './telea.js';

const FILLS = {
  none: fillNone,
  mean: fillMean,
  telea: fillTelea,
  'navier-stokes': fillNavierStokes,
  harmonic: fillHarmonic,
  biharmonic: fillBiharmonic,
  tension: fillTension,
  fsr: fillFsr,
  exemplar: fillExemplar,
} as const satisfies Readonly<Record<string, Fill>>;

type FillName = keyof typeof FILLS;

/** Means of fills, by weight: one flattens what another overshoots, so their mean is nearer to the image. */
const MEANS = {
  blend: { harmonic: 1 / 2, biharmonic: 1 / 2 },
  'mean-of-three': { harmonic: 1 / 4, biharmonic: 1 / 4, fsr: 1 / 2 },
} as const satisfies Readonly<Record<string, Partial<Record<FillName, number>>>>;

type MeanName = keyof typeof MEANS;
type LinearName = 'pca' | 'pca-mixture';
/** A fill of single planes; train images give its exponent. */
const KRIGING = 'kriging';

export type BaselineName = FillName | MeanName | typeof KRIGING | LinearName;

/** How a method is called in a sentence, and what it does. */
export const METHOD_TEXTS: Readonly<Record<BaselineName, { label: string; about: string }>> = {
  none: { label: 'nothing', about: 'the hole stays black' },
  mean: { label: 'mean', about: 'the mean of the known pixels' },
  telea: { label: 'Telea', about: 'fast marching from the rim, weighted means, radius 3' },
  'navier-stokes': { label: 'Navier–Stokes', about: 'marching along lines of equal brightness' },
  harmonic: { label: 'harmonic', about: 'Laplace’s equation in the hole, solved exactly' },
  biharmonic: { label: 'biharmonic', about: 'the biharmonic equation, solved exactly' },
  tension: {
    label: 'spline in tension',
    about: 'between harmonic and biharmonic: (L² + 0.1 L) u = 0, solved exactly',
  },
  blend: { label: 'blend', about: 'the mean of harmonic and biharmonic' },
  kriging: {
    label: 'kriging',
    about:
      'the linear estimate of least variance, by how train images vary with distance. Learns one number',
  },
  fsr: {
    label: 'FSR',
    about: 'frequency selective reconstruction: blocks extrapolated by a few waves each',
  },
  'mean-of-three': {
    label: 'mean of three',
    about: 'a quarter harmonic, a quarter biharmonic, half FSR',
  },
  exemplar: {
    label: 'exemplar',
    about: 'patches of the image itself, copied where edges run into the hole (Criminisi 2004)',
  },
  pca: {
    label: 'PCA',
    about:
      'principal components of the train images, fitted to what is known; the seam repaired by the blend of what they miss. Learns, linearly',
  },
  'pca-mixture': {
    label: 'PCA mixture',
    about:
      'the same with clusters of train images, each with components of its own (in kind Takahashi 2016: whole images here, patches there)',
  },
};

export const BASELINE_NAMES = Object.keys(METHOD_TEXTS) as readonly BaselineName[];

/** Methods that are fitted to train images. */
export const LINEAR_NAMES: readonly BaselineName[] = ['pca', 'pca-mixture', KRIGING];

/** What the linear methods know of the train images. */
export interface LinearModels {
  readonly pca?: Pca | undefined;
  readonly mixture?: PcaMixture | undefined;
  readonly variogram?: Variogram | undefined;
}

/** One restored image in 8 bits: what the method gave, and the same with the known pixels kept. */
export interface Restored {
  readonly whole: Uint8Array;
  readonly composite: Uint8Array;
}

/**
 * Restores one image by each of the methods. All of them keep the known pixels by themselves.
 *
 * @param image 8-bit [pixels, channels], interleaved; what the hole covers is never looked at
 */
export function restoreBaselines(
  names: readonly BaselineName[],
  image: Uint8Array,
  hole: Hole,
  channels: number,
  linear: LinearModels,
): ReadonlyMap<BaselineName, Restored> {
  const filled = new Map(names.map((name) => [name, image.slice()]));
  const estimates = new Map(
    names.filter(isEstimate).map((name) => [name, estimate(name, image, hole, channels, linear)]),
  );
  for (let channel = 0; channel < channels; channel++) {
    const plane = planeOf(image, channel, channels);
    const fill = fillsOf(plane, hole, linear.variogram);
    for (const name of names) {
      const values = isEstimate(name)
        ? mended(estimates.get(name)!, channel, channels, plane, hole)
        : fill(name);
      const bytes = toBytes(values);
      const into = filled.get(name)!;
      for (const pixel of hole.pixels) into[pixel * channels + channel] = bytes[pixel]!;
    }
  }
  return new Map(names.map((name) => [name, both(filled.get(name)!)]));
}

export function both(image: Uint8Array): Restored {
  return { whole: image, composite: image };
}

/** Of a whole image at once, its seam still to be mended. */
function isEstimate(name: BaselineName): name is LinearName {
  return name === 'pca' || name === 'pca-mixture';
}

/** Fills of one plane; a fill that a mean needs too is computed once. */
function fillsOf(plane: Uint8Array, hole: Hole, variogram: Variogram | undefined) {
  const done = new Map<string, Float64Array>();
  const single = (name: FillName): Float64Array => {
    const values = done.get(name) ?? FILLS[name](plane, hole);
    done.set(name, values);
    return values;
  };
  return (name: Exclude<BaselineName, LinearName>): Float64Array => {
    if (name === KRIGING) {
      if (variogram === undefined) throw new TypeError(`${KRIGING} was asked for but not fitted`);
      return fillByKriging(variogram)(plane, hole);
    }
    if (!(name in MEANS)) return single(name as FillName);
    const mean = new Float64Array(plane.length);
    for (const [part, weight] of Object.entries(MEANS[name as MeanName])) {
      const values = single(part as FillName);
      for (let i = 0; i < mean.length; i++) mean[i]! += weight * values[i]!;
    }
    return mean;
  };
}

function estimate(
  name: LinearName,
  image: Uint8Array,
  { mask }: Hole,
  channels: number,
  { pca, mixture }: LinearModels,
): Float64Array {
  if (name === 'pca' && pca) return restorePca(pca, image, mask, channels);
  if (name === 'pca-mixture' && mixture) return restorePcaMixture(mixture, image, mask, channels);
  throw new TypeError(`${name} was asked for but not fitted`);
}

function mended(
  estimated: Float64Array,
  channel: number,
  channels: number,
  plane: Uint8Array,
  hole: Hole,
): Float64Array {
  const values =
    channels === 1 ? estimated : estimated.filter((_, at) => at % channels === channel);
  mendSeam(values, plane, hole);
  return values;
}
