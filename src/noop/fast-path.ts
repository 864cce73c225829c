/**
 * No-op fast path, which runs before the rest of the tool loads: checks whether the answer of the
 * last no-op run is still valid. Most runs load only this.
 */
import { layoutOf, namedFolder } from '../cache/layout.js';
import { rootAbove } from '../pipeline/root.js';
import { type Asked, type Standing, validAnswer } from './answers.js';

/** The working directory of the process, its arguments, and its environment. */
interface Call extends Omit<Asked, 'layout'> {
  readonly cwd: string;
}

/** PIPE_DEBUG is unset, empty or 0 in all but a few runs. */
export function isDebugging({ PIPE_DEBUG: value = '' }: Call['env']): boolean {
  return value !== '' && value !== '0';
}

/** What to print, or why the command has to run. */
export function fastAnswer({ cwd, argv, env, dist }: Call): Standing {
  if (argv[0] !== 'run') return { reason: 'only answers of `pipe run` are stored' };
  const root = rootAbove(cwd);
  if (root === undefined) return { reason: 'there is no pipeline.yaml' };
  return validAnswer({ layout: layoutOf(root, namedFolder(root, env)), dist, argv, env });
}
