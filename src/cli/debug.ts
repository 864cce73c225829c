/** PIPE_DEBUG: prints each decision on stderr, in one line. docs/development.md explains them. */
import type { Host } from '../decide/project.js';
import { isDebugging } from '../noop/fast-path.js';

/** Undefined when the variable is unset, empty or 0, so that no debug text is built. */
export function debugTo(env: Host['env'], err: (text: string) => void): Host['debug'] {
  if (!isDebugging(env)) return undefined;
  return (line) => err(`pipe: debug: ${line.replaceAll(/\s*\n\s*/g, ' ')}\n`);
}
