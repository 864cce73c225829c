/** Images from the web: archives by http(s), in order of preference, checked and unpacked. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Backoff, Wait } from '../http/backoff.js';
import type { DownloadOptions } from '../http/download.js';
import { HUB } from '../http/hub.js';
import { type Environment, KAGGLE_CURE, kaggleAuthorization } from '../http/kaggle.js';
import { firstLine, isMistake, mistake } from '../mistake.js';
import { archiveName, type Brought, bringArchive, type ImageArchive } from './archives.js';
import type { Selection } from './selection.js';
import type { RawImage, RawIndex, SourceContext } from './source.js';
import { openWhole, unpack } from './unpack.js';

export interface HttpSource extends Selection {
  readonly kind: 'http';
  /** Archives that hold the images, zip or parquet: the first that can be had is taken. */
  readonly archives: readonly ImageArchive[];
  readonly label: string;
  readonly licence?: string;
  /** How many images an archive holds, unless it says so itself; another number is an error. */
  readonly images?: number;
  /** One image whose bytes are known, by base name. */
  readonly probe?: { readonly name: string; readonly bytes: number; readonly md5: string };
}

/** What tests replace: where downloads are kept, the waiting, the environment. */
export interface HttpSettings {
  readonly folder: string;
  readonly environment: Environment;
  readonly home?: string;
  readonly notify: (text: string) => void;
  readonly backoff?: Backoff;
  readonly wait?: Wait;
  readonly silenceMs?: number;
  /** Hugging Face's address. */
  readonly hub?: string;
}

/** Downloads are kept beside the cache: with them, a second run needs no network. */
export function defaultHttpSettings(): HttpSettings {
  return {
    folder: resolve('cache/downloads'),
    environment: process.env,
    notify: (text) => console.warn(text),
  };
}

export async function takeHttp(
  source: HttpSource,
  context: SourceContext,
  settings: HttpSettings = defaultHttpSettings(),
): Promise<RawIndex> {
  const { archive, brought } = await bringFirst(source, context, settings);
  const taken = {
    ...source,
    ...(archive.label !== undefined && { label: archive.label }),
    ...(archive.images !== undefined && { images: archive.images }),
    ...(archive.include !== undefined && { include: archive.include }),
  };
  const images = await unpack(brought.files, taken, context);
  checkImages(taken, images, context.folder);
  return {
    source: {
      kind: source.kind,
      label: taken.label,
      standIn: false,
      ...(source.licence !== undefined && { licence: source.licence }),
      origin: brought.origin,
    },
    images,
  };
}

async function bringFirst(
  source: HttpSource,
  context: SourceContext,
  settings: HttpSettings,
): Promise<{ archive: ImageArchive; brought: Brought }> {
  const { folder, hub = HUB, notify } = settings;
  const failures: string[] = [];
  for (const [index, archive] of source.archives.entries()) {
    try {
      const options = downloadOptions(archive, source, context, settings);
      return { archive, brought: await bringArchive(archive, hub, folder, options) };
    } catch (error) {
      context.signal.throwIfAborted();
      if (!isMistake(error)) throw error;
      failures.push(error.message);
      const next = source.archives[index + 1];
      if (next !== undefined) {
        notify(`${source.label}: ${firstLine(error)}; ${archiveName(next)} is taken instead`);
      }
    }
  }
  throw mistake(
    `${source.label}: could not be downloaded.\n${failures.map((text) => `  ${text}`).join('\n')}`,
    'Or download it by hand and name the folder, zip archive or parquet file as the source: ' +
      '{ kind: path, path: ./folder-or-file }.',
  );
}

function downloadOptions(
  archive: ImageArchive,
  source: HttpSource,
  { signal, progress }: SourceContext,
  { environment, home, notify, backoff, wait, silenceMs }: HttpSettings,
): DownloadOptions {
  const rate = createRateReport(source.label, notify);
  return {
    signal,
    notify,
    open: (file, name) => openWhole(file, name, source, signal),
    progress(done, total) {
      progress(Math.round(done / 1e6), Math.round((total ?? done) / 1e6), 'MB');
      rate(done, total, performance.now());
    },
    ...(backoff && { backoff }),
    ...(wait && { wait }),
    ...(silenceMs !== undefined && { silenceMs }),
    ...('login' in archive &&
      archive.login === 'kaggle' && {
        authorization: () => kaggleAuthorization(environment, home),
        loginCure: KAGGLE_CURE,
      }),
  };
}

const REPORT_EVERY_MS = 15_000;

/** A line with rate and remaining time now and then, for logs that have no live view. */
export function createRateReport(
  label: string,
  notify: (text: string) => void,
): (done: number, total: number | undefined, nowMs: number) => void {
  let first: { done: number; ms: number } | undefined;
  let lastMs = 0;
  return (done, total, nowMs) => {
    if (first === undefined) {
      first = { done, ms: nowMs };
      lastMs = nowMs;
    }
    if (nowMs - lastMs < REPORT_EVERY_MS) return;
    lastMs = nowMs;
    const bytesPerSecond = ((done - first.done) / (nowMs - first.ms)) * 1000;
    const rate = `${(bytesPerSecond / 1e6).toFixed(1)} MB/s`;
    if (total === undefined) return notify(`${label}: ${megabytes(done)}, ${rate}`);
    const minutes = Math.ceil((total - done) / bytesPerSecond / 60);
    notify(
      `${label}: ${megabytes(done)} of ${megabytes(total)}, ${rate}, about ${minutes} min left`,
    );
  };
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

/** The right archive holds the right images; `count` and `include` are the user's own choice of them. */
function checkImages(source: HttpSource, images: readonly RawImage[], folder: string): void {
  const { images: expected, probe, count, label } = source;
  if (expected !== undefined && count === undefined && images.length !== expected) {
    throw mistake(
      `${label}: expected ${expected} images in the archive, found ${images.length}`,
      'The archive is not the one that was meant; set images of the source if it is.',
    );
  }
  const found = probe && images.find(({ file }) => basename(file) === probe.name);
  if (probe === undefined || (found === undefined && count !== undefined)) return;
  const data = found && readFileSync(join(folder, found.file));
  const md5 = data && createHash('md5').update(data).digest('hex');
  if (data?.length !== probe.bytes || md5 !== probe.md5) {
    throw mistake(
      `${label}: ${probe.name} is not the image it should be: expected ${probe.bytes} bytes with ` +
        `md5 ${probe.md5}, got ${data ? `${data.length} bytes with md5 ${md5}` : 'no such image'}`,
    );
  }
}
