/** Example images for the report: the best, median and worst restorations, and some drawn by seed. */
import {
  gatherChunk,
  type MethodName,
  methodsOf,
  restoreEach,
  type Scores,
  type Subject,
  scoresOf,
} from './evaluation.js';
import { keepKnown, toBytes } from './planes.js';
import { createRandom } from './random.js';

export type PickKind = 'best' | 'median' | 'worst' | 'seeded';

/** One chosen image of the test set. */
export interface Pick {
  readonly kind: PickKind;
  /** Position in the list of test images. */
  readonly position: number;
}

/** A pick as the report shows it. */
export interface ExamplePick extends Pick {
  readonly file: string;
  /** The composite's Wang SSIM by method, to four digits. */
  readonly ssim: Readonly<Record<string, number>>;
}

/** What is drawn of an example, in this order: pixels of these names, one picture each. */
export type Layer =
  | 'original'
  | 'occluded'
  /** A method's composite. */
  | MethodName
  /** The model's output as it is. */
  | 'model whole'
  /** Composites of fills drawn from the latent. */
  | `sample ${number}`;

/** Chooses by the model's composite Wang SSIM in one setting; the seeded ones are the same in all. */
export function pickExamples(
  scores: Scores,
  setting: string,
  counts: Readonly<Record<PickKind, number>>,
  seed: number,
): readonly Pick[] {
  const values = scoresOf(scores, setting, 'model', 'composite', rankedBy(scores));
  const ranked = Array.from(values.keys()).sort((a, b) => values[b]! - values[a]! || a - b);
  const middle = Math.max(0, Math.floor((ranked.length - counts.median) / 2));
  const drawn = createRandom(seed, 'examples').shuffle(Array.from(values.keys()));
  const chosen: Readonly<Record<PickKind, readonly number[]>> = {
    best: ranked.slice(0, counts.best),
    median: ranked.slice(middle, middle + counts.median),
    worst: ranked.slice(Math.max(0, ranked.length - counts.worst)),
    seeded: drawn.slice(0, counts.seeded).sort((a, b) => a - b),
  };
  return (['best', 'median', 'worst', 'seeded'] as const).flatMap((kind) =>
    chosen[kind].map((position) => ({ kind, position })),
  );
}

/** Adds to each pick what its caption says. */
export function captionPicks(
  scores: Scores,
  setting: string,
  picks: readonly Pick[],
  fileAt: (position: number) => string,
): readonly ExamplePick[] {
  const name = rankedBy(scores);
  return picks.map((pick) => ({
    ...pick,
    file: fileAt(pick.position),
    ssim: Object.fromEntries(
      scores.methods.map((method) => {
        const values = scoresOf(scores, setting, method, 'composite', name);
        return [method, Number(values[pick.position]!.toFixed(4))];
      }),
    ),
  }));
}

/** Wang's SSIM; the global one where the images are smaller than its window. */
export function rankedBy({ names }: Scores): string {
  return names.includes('ssim.wang') ? 'ssim.wang' : 'ssim.global';
}

export function layersOf(subject: Subject, samples: number): readonly Layer[] {
  const drawn = Array.from({ length: samples }, (_, at) => `sample ${at + 1}` as const);
  return ['original', 'occluded', ...methodsOf(subject), 'model whole', ...drawn];
}

/** The pictures of the picked examples of one setting: uint8 [picks, layers, size, size, channels]. */
export async function drawExamples(
  subject: Subject,
  setting: string,
  picks: readonly { readonly position: number; readonly index: number }[],
  samples: { readonly count: number; readonly seed: number },
): Promise<Uint8Array> {
  const { size, channels } = subject.images;
  const length = size * size * channels;
  const layers = layersOf(subject, samples.count);
  const pictures = new Uint8Array(picks.length * layers.length * length);
  for (const [at, { position, index }] of picks.entries()) {
    const place = (layer: Layer, picture: Uint8Array) =>
      pictures.set(picture, (at * layers.length + layers.indexOf(layer)) * length);
    // One at a time, under its position: the noise that a model may draw is that of its scores.
    await restoreEach(subject, setting, [index], position, (_, original, mask, all) => {
      place('original', original);
      place('occluded', keepKnown(new Uint8Array(length), original, mask, channels));
      for (const [method, { composite }] of all) place(method, composite);
      place('model whole', all.get('model')!.whole);
    });
    const drawn = await drawSamples(subject, setting, { position, index }, samples);
    for (const [sample, picture] of drawn.entries()) place(`sample ${sample + 1}`, picture);
  }
  return pictures;
}

async function drawSamples(
  { images, masks, model }: Subject,
  setting: string,
  { position, index }: { readonly position: number; readonly index: number },
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<Uint8Array[]> {
  if (count === 0) return [];
  const { originals, occluded } = gatherChunk(images, masks.get(setting)!, [index]);
  const wholes = await model.restore(originals, occluded, {
    samples: count,
    seed,
    first: position,
  });
  return Array.from({ length: count }, (_, sample) => {
    const at = sample * originals.length;
    const whole = toBytes(wholes.subarray(at, at + originals.length));
    return keepKnown(whole, originals, occluded, images.channels);
  });
}
