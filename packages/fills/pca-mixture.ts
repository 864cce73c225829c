/**
 * A mixture of probabilistic PCAs (Tipping and Bishop 1999b): the train images in a few clusters, each
 * with components of its own. What is known of an image decides how much each cluster has to say.
 *
 * It stands for Takahashi's generalized PCA (2016), which models an image as a union of linear models
 * too. Theirs is fitted to patches of the one image, this one to whole images of a data set.
 */
import type { Random } from '@pipe-experiment/data/random.js';
import { decode, explain, fitPcaTo, type Gram, type Pca } from './pca.js';

export interface PcaMixture {
  readonly parts: readonly { readonly pca: Pca; readonly share: number }[];
}

export interface MixtureOptions {
  /** At most so many clusters. */
  readonly clusters: number;
  /** Components of each. */
  readonly components: number;
}

/** Side of the thumbnails that images are clustered by. */
const THUMBNAIL = 16;
const ROUNDS = 30;
/** A smaller cluster than this has too few images for components of its own. */
const SMALLEST = 25;

export function fitPcaMixture(
  gram: Gram,
  { size, channels }: { readonly size: number; readonly channels: number },
  { clusters, components }: MixtureOptions,
  random: Random,
): PcaMixture {
  const thumbnails = Array.from({ length: gram.count }, (_, at) =>
    thumbnailOf(gram.images.subarray(at * gram.length, (at + 1) * gram.length), size, channels),
  );
  const count = Math.max(1, Math.min(clusters, Math.floor(gram.count / SMALLEST)));
  return {
    parts: clusterBy(thumbnails, count, random).map((members) => ({
      pca: fitPcaTo(gram, members, components),
      share: members.length / gram.count,
    })),
  };
}

/** The image that the mixture expects, known pixels included. */
export function restorePcaMixture(
  { parts }: PcaMixture,
  image: Uint8Array,
  mask: Uint8Array,
  channels: number,
): Float64Array {
  const told = parts.map(({ pca, share }) => {
    const { code, logLikelihood } = explain(pca, image, mask, channels);
    return { pca, code, log: logLikelihood + Math.log(share) };
  });
  const most = Math.max(...told.map(({ log }) => log));
  const total = told.reduce((sum, { log }) => sum + Math.exp(log - most), 0);
  const restored = new Float64Array(image.length);
  for (const { pca, code, log } of told) {
    const weight = Math.exp(log - most) / total;
    if (weight < 1e-6) continue; // less than a thousandth of a gray level
    decode(pca, code).forEach((value, i) => {
      restored[i]! += weight * value;
    });
  }
  return restored;
}

/** Means over a grid of cells, the channels added. */
function thumbnailOf(image: Uint8Array, size: number, channels: number): Float64Array {
  const side = Math.min(THUMBNAIL, size);
  const sums = new Float64Array(side * side);
  const counts = new Float64Array(side * side);
  for (let pixel = 0; pixel < size * size; pixel++) {
    const x = Math.floor(((pixel % size) * side) / size);
    const y = Math.floor((Math.floor(pixel / size) * side) / size);
    for (let c = 0; c < channels; c++) sums[y * side + x]! += image[pixel * channels + c]!;
    counts[y * side + x]! += channels;
  }
  return sums.map((sum, i) => sum / counts[i]!);
}

/** k-means (Lloyd 1982) from seeds that lie apart (Arthur and Vassilvitskii 2007); small clusters dissolve. */
function clusterBy(
  points: readonly Float64Array[],
  count: number,
  random: Random,
): readonly Int32Array[] {
  let centres = seedsOf(points, count, random);
  let members = assign(points, centres);
  for (let round = 0; round < ROUNDS; round++) {
    const large = members.filter((part) => part.length >= Math.min(SMALLEST, points.length));
    centres = large.map((part) => meanOf(points, part));
    const next = assign(points, centres);
    const settled =
      next.length === members.length && next.every((part, at) => alike(part, members[at]!));
    members = next;
    if (settled) break;
  }
  return members;
}

function seedsOf(points: readonly Float64Array[], count: number, random: Random): Float64Array[] {
  const seeds = [points[random.int(points.length)]!];
  const nearest = new Float64Array(points.length).fill(Number.POSITIVE_INFINITY);
  while (seeds.length < count) {
    points.forEach((point, at) => {
      nearest[at] = Math.min(nearest[at]!, distance(point, seeds.at(-1)!));
    });
    let left = random.uniform() * nearest.reduce((sum, value) => sum + value, 0);
    const chosen = nearest.findIndex((value) => {
      left -= value;
      return left < 0;
    });
    seeds.push(points[Math.max(0, chosen)]!);
  }
  return seeds;
}

function assign(
  points: readonly Float64Array[],
  centres: readonly Float64Array[],
): readonly Int32Array[] {
  const members: number[][] = centres.map(() => []);
  points.forEach((point, at) => {
    const distances = centres.map((centre) => distance(point, centre));
    members[distances.indexOf(Math.min(...distances))]!.push(at);
  });
  return members.map((part) => Int32Array.from(part));
}

function meanOf(points: readonly Float64Array[], members: Int32Array): Float64Array {
  const mean = new Float64Array(points[0]!.length);
  for (const at of members) {
    points[at]!.forEach((value, i) => {
      mean[i]! += value / members.length;
    });
  }
  return mean;
}

function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
}

function alike(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at]);
}
