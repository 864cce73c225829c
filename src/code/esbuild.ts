/** The only importer of esbuild. It is loaded only for a trace, so a no-op run never loads it. */
import type { BuildResult } from 'esbuild';
import { UserError } from '../error.js';

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

export type Esbuild = Pick<typeof import('esbuild'), 'build' | 'transform'>;

/** Result of a build: texts in memory, and the metafile. */
export type Built = BuildResult<{ write: false; metafile: true }>;

/** The oldest Node that pipe supports. Newer syntax is converted to it; nothing else changes the text. */
export const TARGET = 'node20.19';

export async function loadEsbuild(): Promise<Esbuild> {
  const { build, transform } = await import('esbuild');
  return { build: withCause(build), transform: withCause(transform) };
}

/** An error that says nothing about the code. */
export class EsbuildEnded extends UserError {
  constructor() {
    const message = 'the process that reads the code of stages (esbuild) was killed';
    const hint = 'run again; the system may have killed it because memory ran out';
    super([{ code: 'esbuild-ended', message, hint }]);
  }
}

/** esbuild is a separate process, which Ctrl-C also ends. */
function withCause<F extends (...args: never[]) => Promise<unknown>>(call: F): F {
  return (async (...args: never[]) => {
    try {
      return await call(...args);
    } catch (error) {
      if (!/^The service (was|is no)/.test((error as Error).message)) throw error;
      throw new EsbuildEnded();
    }
  }) as F;
}
