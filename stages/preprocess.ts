/** Stage `preprocess`: every image gray (or RGB) and size×size, all in one array, with what each came from. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  checkChoice,
  checkInteger,
  checkKeys,
  checkNumber,
  checkTree,
} from '@pipe-experiment/data/check.js';
import { firstLine, mistake } from '@pipe-experiment/data/mistake.js';
import { createNpyWriter } from '@pipe-experiment/data/npy.js';
import { chunks, mapInParallel } from '@pipe-experiment/data/parallel.js';
import type { RawImage, RawIndex } from '@pipe-experiment/data/sources/source.js';
import { defineStage } from 'pipe-run/stage';
import {
  configureSharp,
  decodeImage,
  type ImageEntry,
  type ImageFormat,
  type ImageIndex,
  imagesFile,
  KERNELS,
  type Kernel,
} from './lib/images.js';
import { readJson, writeJson } from './lib/json.js';
import { pictureSide, type Vary, windowOf } from './lib/vary.js';

interface Shape {
  params: { readonly image: unknown };
  deps: { readonly raw: string };
  outs: { readonly images: string };
}

/** Images in memory at a time: decoded in parallel, then written in order. */
const CHUNK = 256;

export default defineStage<Shape>(async ({ params, deps, outs, signal, progress }) => {
  const { maxUnreadable, ...format } = checkImage(params.image);
  const raw = readJson<RawIndex & { readonly vary?: Vary }>(join(deps.raw, 'index.json'));
  const total = raw.images.length;

  configureSharp();
  mkdirSync(outs.images, { recursive: true });
  const { size, channels, kernels } = format;
  const rowShape = channels === 1 ? [size, size] : [size, size, 3];
  const writers = kernels.map((kernel) =>
    createNpyWriter(join(outs.images, imagesFile(kernels, kernel)), '|u1', rowShape),
  );
  const images: ImageEntry[] = [];
  const unreadable: { file: string; reason: string }[] = [];
  for (const chunk of chunks(raw.images, CHUNK)) {
    const done = images.length + unreadable.length;
    const outcomes = await mapInParallel(
      chunk,
      (image) => prepare(deps.raw, image, format, raw.vary),
      {
        signal,
        onDone: (inChunk) => progress(done + inChunk, total, 'images'),
      },
    );
    for (const outcome of outcomes) {
      if ('reason' in outcome) {
        unreadable.push(outcome);
        continue;
      }
      for (const [at, writer] of writers.entries()) writer.write(outcome.pixels[at]!);
      images.push(outcome.entry);
    }
  }
  for (const writer of writers) writer.close();

  reportUnreadable(unreadable, total, maxUnreadable);
  const index: ImageIndex = { source: raw.source, kernels, images, unreadable };
  writeJson(join(outs.images, 'index.json'), index);
});

type Outcome =
  | { readonly entry: ImageEntry /** By kernel. */; readonly pixels: readonly Uint8Array[] }
  | { readonly file: string; readonly reason: string };

async function prepare(
  folder: string,
  image: RawImage,
  { kernels, ...format }: Pick<ImageParams, 'kernels' | 'size' | 'channels'>,
  vary: Vary | undefined,
): Promise<Outcome> {
  const file = await readFile(join(folder, image.file));
  const sha256 = createHash('sha256').update(file).digest('hex');
  try {
    const pixels: Uint8Array[] = [];
    for (const kernel of kernels) {
      pixels.push(await decodeVaried(file, { ...format, kernel }, vary, image.file));
    }
    const { file: name, group, part } = image;
    return { pixels, entry: { file: name, group, sha256, ...(part && { part }) } };
  } catch (error) {
    return { file: image.file, reason: firstLine(error) };
  }
}

async function decodeVaried(
  file: Buffer,
  format: ImageFormat,
  vary: Vary | undefined,
  name: string,
): Promise<Uint8Array> {
  if (vary === undefined) return decodeImage(file, format);
  const side = pictureSide(vary, format.size);
  const picture = await decodeImage(file, { ...format, size: side });
  return windowOf(picture, side, format.size, format.channels, vary, name);
}

/** Names what was left out, and fails where that is more than the stated share. */
function reportUnreadable(
  unreadable: readonly { file: string; reason: string }[],
  total: number,
  maxUnreadable: number,
): void {
  if (unreadable.length === 0) return;
  const list = unreadable.slice(0, 10).map(({ file, reason }) => `  ${file}: ${reason}`);
  if (unreadable.length > list.length) list.push(`  and ${unreadable.length - list.length} more`);
  const text = [`${unreadable.length} of ${total} images cannot be read:`, ...list].join('\n');
  if (unreadable.length > maxUnreadable * total || unreadable.length === total) {
    throw mistake(text, `image.maxUnreadable allows a share of ${maxUnreadable}.`);
  }
  console.warn(`${text}\nThey are left out.`);
}

interface ImageParams extends Omit<ImageFormat, 'kernel'> {
  readonly kernels: readonly [Kernel, ...Kernel[]];
  readonly maxUnreadable: number;
}

function checkImage(value: unknown): ImageParams {
  const tree = checkTree(value, 'image');
  checkKeys(tree, 'image', ['size', 'channels', 'kernel', 'maxUnreadable']);
  return {
    size: checkInteger(tree.size, 'image.size', 8, 4096),
    channels: checkChoice(tree.channels ?? 1, 'image.channels', [1, 3]),
    kernels: checkKernels(tree.kernel ?? 'cubic'),
    maxUnreadable: checkNumber(tree.maxUnreadable ?? 0, 'image.maxUnreadable', 0, 1),
  };
}

/** One kernel, or a list of them: a model may name the one that it takes. */
function checkKernels(value: unknown): readonly [Kernel, ...Kernel[]] {
  if (!Array.isArray(value)) return [checkChoice(value, 'image.kernel', KERNELS)];
  const kernels = value.map((one, at) => checkChoice(one, `image.kernel[${at}]`, KERNELS));
  const [first, ...others] = new Set(kernels);
  if (first === undefined) throw mistake('image.kernel: expected a kernel, or a list of them');
  return [first, ...others];
}
