/**
 * No-op fast path, before the rest of the tool loads: checks whether the answer of the last no-op run
 * is still valid. Most runs load only this.
 */
import { layoutOf, namedFolder } from './cache/layout.js';
import { answerStanding } from './cache/scan/stills.js';
import { rootAbove } from './pipeline/root.js';

/** The process's folder, its arguments after the name of the tool, and its variables. */
export interface Call {
  readonly cwd: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the tool's dist folder. */
  readonly dist: string;
}

/** What to print; undefined: run. */
export function standing({ cwd, argv, env, dist }: Call): string | undefined {
  if (argv[0] !== 'run') return undefined;
  const root = rootAbove(cwd);
  if (root === undefined) return undefined;
  return answerStanding({ layout: layoutOf(root, namedFolder(root, env)), dist, argv, env });
}
