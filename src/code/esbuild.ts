/** The only importer of esbuild, which is loaded only to trace: a no-op run never loads it. */
import type { BuildResult } from 'esbuild';

export type {
  Loader,
  Location,
  Message,
  Metafile,
  OnLoadArgs,
  OnLoadResult,
  OnResolveArgs,
  OnResolveResult,
  Plugin,
  PluginBuild,
} from 'esbuild';

export type Esbuild = typeof import('esbuild');

/** Result of a build: texts in memory, and the metafile. */
export type Built = BuildResult<{ write: false; metafile: true }>;

/** The oldest Node that pipe supports. Newer syntax is lowered to it; nothing else changes the text. */
export const TARGET = 'node20.19';

export async function loadEsbuild(): Promise<Esbuild> {
  return import('esbuild');
}
