/**
 * Asked before the rest of the tool is loaded: does the answer of the last such run still hold? Most
 * runs have nothing to do, and this is all that they load.
 */
import { layoutOf, namedFolder } from './cache/layout.js';
import { answerStanding, type Standing } from './cache/scan/stills.js';
import { rootAbove } from './pipeline/root.js';

/** What the process is asked: its folder, its arguments after the name of the tool, its variables. */
export interface Call {
  readonly cwd: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the tool's dist folder. */
  readonly dist: string;
}

/** What to print, or why the command has to run. */
export function standing({ cwd, argv, env, dist }: Call): Standing {
  if (argv[0] !== 'run') return { reason: 'only answers of `pipe run` are kept' };
  const root = rootAbove(cwd);
  if (root === undefined) return { reason: 'there is no pipeline.yaml' };
  return answerStanding({ layout: layoutOf(root, namedFolder(root, env)), dist, argv, env });
}
