/** Starts a bundled stage in its own Node process, through the stage host. The only importer of execa. */
import { execa } from 'execa';
import { type Launched, type LaunchOptions, launched, withRawValues } from './spawn.js';

export interface Module {
  /** The stage host, dist/stage-host.mjs. */
  readonly host: string;
  readonly bundle: string;
}

/**
 * The host's fourth descriptor is the read end of a pipe to which this process never writes. When
 * this process dies for any reason, the pipe closes and the host ends.
 */
export function launchModule({ host, bundle }: Module, options: LaunchOptions): Launched {
  const { env, words } = withRawValues({ ...options.env, PIPE_RUNNER_FD: '3' });
  const argv = [...words, process.execPath, '--enable-source-maps', host, bundle];
  const [program = '', ...args] = argv;
  // Execa accepts any open file; its types only list the standard ones.
  const output = options.output as 'pipe';
  const child = execa(program, args, {
    cwd: options.cwd,
    env,
    extendEnv: false,
    stdio: ['ignore', output, output, 'pipe'],
    detached: true,
    cleanup: false,
    buffer: false,
    reject: false,
  });
  return launched(child);
}
