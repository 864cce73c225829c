/** Images of this machine: a folder, a zip archive or parquet shards that the user names. */
import { constants, copyFileSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, posix, resolve } from 'node:path';
import { digestFile } from '../http/checksum.js';
import { firstLine, mistake } from '../mistake.js';
import { choose, isImage, type Selection } from './selection.js';
import type { RawImage, RawIndex, SourceContext } from './source.js';
import { unpack } from './unpack.js';

export interface PathSource extends Selection {
  readonly kind: 'path';
  /** Relative to the project's root, or absolute. */
  readonly path: string;
  /** Of an archive. Another digest is an error. Naming it makes the images part of the stage's key. */
  readonly sha256?: string;
  readonly label?: string;
  readonly licence?: string;
}

/** Copies or unpacks the chosen images to `images/` with the paths they have. */
export async function takePath(source: PathSource, context: SourceContext): Promise<RawIndex> {
  const path = resolve(source.path);
  const name = basename(path);
  const folder = isFolder(source.path, path);
  const sha256 = folder ? undefined : await checkArchive(path, source, context.signal);
  const images = folder
    ? await takeFolder(path, source, context)
    : await unpack([path], source, context);
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
    'This is not the archive that the source names.',
  );
}

/** Takes the images of a folder. Without an image in it, its parquet files are the shards of a data set. */
async function takeFolder(
  path: string,
  selection: Selection,
  context: SourceContext,
): Promise<RawImage[]> {
  const files = listFiles(path);
  const [first, ...others] = files.some(isImage) ? [] : files.filter(isShard).sort();
  if (first === undefined) return copyFiles(path, files, selection, context);
  const rest = others.map((file) => join(path, file));
  return unpack([join(path, first), ...rest], selection, context);
}

function isShard(path: string): boolean {
  return /\.parquet$/i.test(path) && !path.split('/').some((part) => part.startsWith('.'));
}

function copyFiles(
  path: string,
  files: readonly string[],
  selection: Selection,
  { folder, signal, progress }: SourceContext,
): RawImage[] {
  const chosen = choose(files, selection, basename(path));
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

function isFolder(name: string, path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw mistake(
      `the source ${name} cannot be opened: ${firstLine(error)}`,
      'Name a folder of images, a zip archive or a parquet file, relative to the folder of pipeline.yaml.',
    );
  }
}
