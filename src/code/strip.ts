/** The text of one local file without comments and layout, so that `why` can name the changed file. */
import path from 'node:path';
import { sha256 } from '../canonical.js';
import { type Esbuild, type Loader, TARGET } from './esbuild.js';
import { isScript, loaderOf } from './loaders.js';
import type { Observed } from './observed.js';

/** Digest by path of the stripped text, or of the bytes for files other than code. */
export async function strippedDigests(
  esbuild: Esbuild,
  files: Iterable<string>,
  { root, files: read }: Observed,
): Promise<Record<string, string>> {
  const entries = await Promise.all(
    [...files].sort().map(async (file) => {
      const bytes = read.get(path.resolve(root, file))?.bytes as Uint8Array;
      return [file, await strippedDigest(esbuild, file, bytes)] as const;
    }),
  );
  return Object.fromEntries(entries);
}

async function strippedDigest(esbuild: Esbuild, file: string, bytes: Uint8Array): Promise<string> {
  const loader = loaderOf(file);
  if (!isScript(file) && loader !== 'json') return sha256(Buffer.from(bytes).toString('latin1'));
  return sha256(await stripped(esbuild, bytes, loader));
}

/** The text without comments and layout. */
export async function stripped(
  esbuild: Esbuild,
  text: string | Uint8Array,
  loader: Loader,
): Promise<string> {
  const { code } = await esbuild.transform(text, {
    loader,
    target: TARGET,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'silent',
  });
  return code;
}
