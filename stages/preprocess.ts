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
import { readJson, writeJson } from '@pipe-experiment/data/json.js';
import { firstLine, mistake } from '@pipe-experiment/data/mistake.js';
import { createNpyWriter } from '@pipe-experiment/data/npy.js';
import { chunks, mapInParallel } from '@pipe-experiment/data/parallel.js';
import type { RawImage, RawIndex } from '@pipe-experiment/data/sources/source.js';
import {
  configureSharp,
  decodeImage,
  type ImageFormat,
  KERNELS,
  type Kernel,
} from '@pipe-experiment/images/decode.js';
import { pictureSide, type Vary, windowOf } from '@pipe-experiment/images/vary.js';
import { defineStage } from 'pipe-run/stage';
import { detailFile, type ImageEntry, type ImageIndex, imagesFile } from './lib/images.js';

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
  const { channels, kernels } = format;
  const [, detail] = format.sides;
  if (detail !== undefined && raw.vary)
    throw mistake('image.detail is for pictures as they are, but the source has `vary`');
  const writers = format.sides.flatMap((side, at) =>
    kernels.map((kernel) =>
      createNpyWriter(
        join(outs.images, (at === 0 ? imagesFile : detailFile)(kernels, kernel)),
        '|u1',
        channels === 1 ? [side, side] : [side, side, 3],
      ),
    ),
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
  const { source } = raw;
  const index: ImageIndex = { source, kernels, ...(detail && { detail }), images, unreadable };
  writeJson(join(outs.images, 'index.json'), index);
});

type Outcome =
  | {
      readonly entry: ImageEntry /** By side and kernel. */;
      readonly pixels: readonly Uint8Array[];
    }
  | { readonly file: string; readonly reason: string };

async function prepare(
  folder: string,
  image: RawImage,
  { kernels, sides, channels }: Pick<ImageParams, 'kernels' | 'sides' | 'channels'>,
  vary: Vary | undefined,
): Promise<Outcome> {
  const file = await readFile(join(folder, image.file));
  const sha256 = createHash('sha256').update(file).digest('hex');
  try {
    const pixels: Uint8Array[] = [];
    for (const size of sides)
      for (const kernel of kernels)
        pixels.push(await decodeVaried(file, { size, channels, kernel }, vary, image.file));
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

interface ImageParams extends Pick<ImageFormat, 'channels'> {
  /** Of the images, and of the larger pictures that training cuts from, if it wants them. */
  readonly sides: readonly [number, ...number[]];
  readonly kernels: readonly [Kernel, ...Kernel[]];
  readonly maxUnreadable: number;
}

function checkImage(value: unknown): ImageParams {
  const tree = checkTree(value, 'image');
  checkKeys(tree, 'image', ['size', 'detail', 'channels', 'kernel', 'maxUnreadable']);
  const size = checkInteger(tree.size, 'image.size', 8, 4096);
  const detail = checkInteger(tree.detail ?? 0, 'image.detail', 0, 4096);
  if (detail !== 0 && detail < size)
    throw mistake(`image.detail: expected 0, or at least image.size, ${size}`);
  return {
    sides: detail === 0 ? [size] : [size, detail],
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
