/** The only importer of esbuild, which is loaded when something must be traced: a run with nothing to do never is. */
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

/** What a build of ours yields: texts in memory, and what went into them. */
export type Built = BuildResult<{ write: false; metafile: true }>;

/** The oldest Node that pipe runs on. Newer syntax is lowered to it, and nothing else changes the text. */
export const TARGET = 'node20.19';

export async function loadEsbuild(): Promise<Esbuild> {
  return import('esbuild');
}

/** Ends esbuild's process, when it was started: the stages need the memory more. */
export async function stopTracing(): Promise<void> {
  const { stop } = await loadEsbuild();
  await stop();
}
