/** Images of this machine: a folder or a zip archive that the user names. */
import { constants, copyFileSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, posix, resolve } from 'node:path';
import { compileGlob } from '../glob.js';
import { digestFile } from '../http/checksum.js';
import { firstLine, mistake } from '../mistake.js';
import { createRandom } from '../random.js';
import { extractZip } from '../zip.js';
import { type GroupRule, groupBy } from './groups.js';
import { type RawImage, type RawIndex, type SourceContext, sortImages } from './source.js';

/** How the images of a folder or an archive are chosen and grouped. */
export interface Selection {
  /** Pattern of the paths inside; all images unless said. */
  readonly include?: string;
  /** `file` unless said. */
  readonly group?: GroupRule;
  /** Take this many, drawn with `seed`; all unless said. */
  readonly count?: number;
  readonly seed?: number;
  /** Images from this one on (from 0, sorted by base name) are for the test alone, those before for training. */
  readonly testFrom?: number;
  readonly maxUnpackedBytes?: number;
}

export interface PathSource extends Selection {
  readonly kind: 'path';
  /** Relative to the project's root, or absolute. */
  readonly path: string;
  /** Of an archive: another one is an error, and naming it makes the images part of the stage's key. */
  readonly sha256?: string;
  readonly label?: string;
  readonly licence?: string;
}

const IMAGE = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i;

/** Copies or unpacks the chosen images to `images/` with the paths they have. */
export async function takePath(source: PathSource, context: SourceContext): Promise<RawIndex> {
  const path = resolve(source.path);
  const name = basename(path);
  const folder = isFolder(source.path, path);
  const sha256 = folder ? undefined : await checkArchive(path, source, context.signal);
  const images = folder
    ? copyFolder(path, source, context)
    : await unpackZip(path, source, context);
  return {
    source: {
      kind: source.kind,
      label: source.label ?? name,
      standIn: false,
      ...(source.licence !== undefined && { licence: source.licence }),
      origin: sha256 === undefined ? `the folder ${name}` : `${name}, sha256 ${sha256}`,
    },
    images,
  };
}

async function checkArchive(
  path: string,
  source: PathSource,
  signal: AbortSignal,
): Promise<string> {
  const { sha256 } = await digestFile(path, signal);
  if (source.sha256 === undefined || source.sha256 === sha256) return sha256;
  throw mistake(
    `${source.path}: expected sha256 ${source.sha256}, got ${sha256}`,
    'It is another archive than the source names.',
  );
}

/** Unpacks the chosen images of an archive; also the last step of a download. */
export async function unpackZip(
  file: string,
  selection: Selection,
  { folder, signal, progress }: SourceContext,
): Promise<RawImage[]> {
  let chosen: Choice[] = [];
  await extractZip(file, folder, {
    plan(names) {
      chosen = choose(names, selection, basename(file));
      return new Map(chosen.map(({ path, image }) => [path, image.file]));
    },
    ...(selection.maxUnpackedBytes !== undefined && {
      limits: { maxUnpackedBytes: selection.maxUnpackedBytes },
    }),
    signal,
    onDone: (done, total) => progress(done, total, 'images'),
  });
  return chosen.map(({ image }) => image);
}

function copyFolder(
  path: string,
  selection: Selection,
  { folder, signal, progress }: SourceContext,
): RawImage[] {
  const chosen = choose(listFiles(path), selection, basename(path));
  for (const [index, { path: file, image }] of chosen.entries()) {
    signal.throwIfAborted();
    mkdirSync(dirname(join(folder, image.file)), { recursive: true });
    copyFileSync(join(path, file), join(folder, image.file), constants.COPYFILE_FICLONE);
    progress(index + 1, chosen.length, 'images');
  }
  return chosen.map(({ image }) => image);
}

/** Paths of all files below the folder, with slashes. Links to folders are not followed: they may lead round in a circle. */
function listFiles(folder: string, below = ''): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(below, entry.name);
    if (entry.isDirectory()) return listFiles(folder, path);
    return entry.isSymbolicLink() && statSync(join(folder, path)).isDirectory() ? [] : [path];
  });
}

interface Choice {
  /** In the folder or archive. */
  readonly path: string;
  readonly image: RawImage;
}

/** The images to take, sorted, with groups and parts. */
export function choose(
  paths: readonly string[],
  { include = '**', group = 'file', count, seed = 1, testFrom }: Selection,
  where: string,
): Choice[] {
  const included = compileGlob(include);
  const found = paths.filter((path) => isImage(path) && included(path)).sort();
  if (found.length === 0) {
    throw mistake(
      `${where}: holds no image${include === '**' ? '' : ` that matches ${include}`}`,
      'Images are files ending in jpg, jpeg, png, webp, gif, tif, tiff or avif.',
    );
  }
  const grouped = groupBy(group);
  const tested = new Set(testFrom === undefined ? [] : sortByName(found).slice(testFrom));
  const images = sortImages(
    found.map((path): RawImage => {
      const image = { file: `images/${path}`, group: grouped(path) };
      if (testFrom === undefined) return image;
      return { ...image, part: tested.has(path) ? 'test' : 'train' };
    }),
  );
  return draw(images, count, seed).map((image) => ({
    path: image.file.slice('images/'.length),
    image,
  }));
}

function sortByName(paths: readonly string[]): string[] {
  const named = paths.map((path) => ({ path, name: posix.basename(path) }));
  return named
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .map(({ path }) => path);
}

function draw(images: readonly RawImage[], count: number | undefined, seed: number): RawImage[] {
  if (count === undefined || count >= images.length) return [...images];
  return sortImages(
    createRandom(seed, 'draw')
      .shuffle([...images])
      .slice(0, count),
  );
}

/** Files that archives of macOS add, and hidden files, end like images but are none. */
function isImage(path: string): boolean {
  return (
    IMAGE.test(path) && !path.split('/').some((part) => part.startsWith('.') || part === '__MACOSX')
  );
}

function isFolder(name: string, path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw mistake(
      `the source ${name} cannot be opened: ${firstLine(error)}`,
      'Name a folder of images or a zip archive, relative to the folder of pipeline.yaml.',
    );
  }
}
